/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table for people, each column as wide as what stands in it. */
#ifndef TG_COLUMNS_H
#define TG_COLUMNS_H

#include <jansson.h>
#include <stdio.h>

/*
 * @rows: arrays of texts and whole numbers, the titles first, all as long as the first. Numbers,
 * and the titles of columns whose last cell is a number, stand on the right.
 */
void tg_columns_print(const json_t *rows, FILE *out);

#endif

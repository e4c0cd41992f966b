/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what the program found to what an application is told. */
#ifndef TG_ANSWER_H
#define TG_ANSWER_H

#include <tidegate.h>
#include <tidegate/app.h>

/* 0 and *@answer, or an error of tidegate.h. */
int tg_answer_make(const struct tg_app_request *request, struct tidegate_answer *answer);

#endif

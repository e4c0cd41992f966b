/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Makes an answer for the application from what the program returned. */
#ifndef TG_ANSWER_H
#define TG_ANSWER_H

#include <tidegate.h>
#include <tidegate/app.h>

/* Returns 0 and *@answer, or an error of tidegate.h. */
int tg_answer_make(const struct tg_app_request *request, struct tidegate_answer *answer);

#endif

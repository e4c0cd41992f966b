// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes the sentence for the operator that goes with an error code. */
#include <stdarg.h>
#include <stdio.h>

#include "base/errmsg.h"
#include "base/utf8.h"

void tg_error_format(char *errmsg, const char *format, va_list arguments)
{
	int length = vsnprintf(errmsg, TG_ERRMSG_SIZE, format, arguments);

	tg_utf8_force(errmsg, length >= TG_ERRMSG_SIZE);
}

int tg_error_set(char *errmsg, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tg_error_format(errmsg, format, arguments);
	va_end(arguments);
	return error < 0 ? error : -error;
}

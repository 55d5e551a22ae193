/* SPDX-License-Identifier: BSD-2-Clause */
/* The error object. */
#define ERR_C
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>

static void
verr_set(struct err *err, int code, const char *fmt, va_list ap)
{
	err->code = code;
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
}

static void
err_append(struct err *err, const char *text)
{
	size_t len = strlen(err->msg);

	(void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", text);
}

int
err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (code <= 0)
		BUG("err_set with code %d", code);
	if (err != NULL) {
		va_start(ap, fmt);
		verr_set(err, code, fmt, ap);
		va_end(ap);
	}
	return -code;
}

int
err_errno(struct err *err, const char *fmt, ...)
{
	int code = errno ? errno : EIO;
	va_list ap;

	if (err != NULL) {
		va_start(ap, fmt);
		verr_set(err, code, fmt, ap);
		va_end(ap);
		err_append(err, strerror(code));
	}
	return -code;
}

int
err_code(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	code = code < 0 ? -code : code;
	if (code == 0)
		BUG("err_code without a code");
	if (err != NULL) {
		va_start(ap, fmt);
		verr_set(err, code, fmt, ap);
		va_end(ap);
		err_append(err, strerror(code));
	}
	return -code;
}

int
err_wrap(struct err *err, int r, const char *fmt, ...)
{
	char inner[ERR_MSG_MAX];
	va_list ap;

	if (err == NULL)
		return r;
	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	verr_set(err, r < 0 ? -r : err->code, fmt, ap);
	va_end(ap);
	err_append(err, inner);
	return r;
}

void
err_clear(struct err *err)
{
	if (err == NULL)
		return;
	err->code = 0;
	err->msg[0] = '\0';
}

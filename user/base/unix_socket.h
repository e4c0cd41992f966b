/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes listening Unix sockets. */
#ifndef TG_BASE_UNIX_SOCKET_H
#define TG_BASE_UNIX_SOCKET_H

/*
 * Binds a stream socket to @path, for its owner and group (mode 0660), and makes the directory that
 * it is in. A socket there that nobody listens on is replaced. @what names the socket in messages.
 * Returns a descriptor that does not block and does not listen yet, or -errno, logged: -EADDRINUSE
 * if another process listens there, -EEXIST if @path is something else, and as
 * tg_ownership_check_directory().
 */
int tg_unix_socket_bind(const char *path, const char *what);

#endif

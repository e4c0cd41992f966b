// SPDX-License-Identifier: GPL-2.0-or-later
/* A client of a daemon that takes nobody does not wait for ever. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/exit.h"
#include "control/client.h"

#define WAITING_MAX 64

static int open_stream(int flags)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
}

/* Listens at @address, and connects until nobody else is let wait. Returns how many wait. */
static size_t fill_backlog(int listener, const struct sockaddr_un *address,
			   int waiting[WAITING_MAX])
{
	const struct sockaddr *to = (const struct sockaddr *)address;
	size_t n = 0;

	CHECK(bind(listener, to, sizeof(*address)) == 0);
	CHECK(listen(listener, 1) == 0);
	while (n < WAITING_MAX) {
		waiting[n] = open_stream(SOCK_NONBLOCK);
		if (connect(waiting[n++], to, sizeof(*address)))
			break;
	}
	return n;
}

TEST(a_daemon_that_takes_nobody_ends_the_wait)
{
	char directory[] = "/tmp/tidegate-client.XXXXXX";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int waiting[WAITING_MAX], listener = open_stream(0);
	json_t *result = NULL;
	size_t n;

	CHECK(mkdtemp(directory));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", directory);
	n = fill_backlog(listener, &address, waiting);
	CHECK(n < WAITING_MAX);
	tg_client_control = address.sun_path;
	alarm(60); /* ends the test if connect() waits for ever */
	CHECK(tg_client_ask(json_pack("{s:s}", "command", "status"), false, &result, NULL) ==
	      TG_EXIT_NO_DAEMON);
	alarm(0);
	while (n)
		close(waiting[--n]);
	close(listener);
	unlink(address.sun_path);
	rmdir(directory);
}

TEST_MAIN(RUN(a_daemon_that_takes_nobody_ends_the_wait))

// SPDX-License-Identifier: GPL-2.0-or-later
/* Names and finds the pins of dispatch programs. */
#include "attach/program_pin.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "attach/link.h"
#include "base/pin_dir.h"
#include "config/names.h"

void tg_program_pin_name(enum tg_hook hook, enum tg_header header, char *pin, size_t size)
{
	snprintf(pin, size, "program-%s%s", tg_hook_name(hook),
		 header == TG_HEADER_NONE ? "-bare" : "");
}

struct search {
	const char *state_dir;
	enum tg_hook hook;
	uint32_t id;
	int fd;
};

/* Returns 1 and sets search->fd if the program in @dir for @header is the one, 0, or -errno. */
static int open_pinned(struct search *search, const char *dir, enum tg_header header)
{
	char pin[32];
	int fd;

	tg_program_pin_name(search->hook, header, pin, sizeof(pin));
	fd = tg_pin_dir_open_pin(dir, pin);
	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
	if (tg_attach_program_id(fd) == search->id) {
		search->fd = fd;
		return 1;
	}
	close(fd);
	return 0;
}

/* Looks into @dir for the pin of any header. Returns as open_pinned() does. */
static int look_into(struct search *search, const char *dir)
{
	int header, found = 0;

	for (header = 0; header < TG_HEADERS && !found; header++)
		found = open_pinned(search, dir, header);
	return found;
}

static int look_into_next(void *data, const char *name)
{
	struct search *search = data;
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s/%s", search->state_dir, name);
	return look_into(search, dir);
}

int tg_program_pin_find(const char *state_dir, enum tg_hook hook, uint32_t id)
{
	struct search search = {.state_dir = state_dir, .hook = hook, .id = id, .fd = -ENOENT};
	int found = look_into(&search, state_dir);

	if (!found)
		found = tg_pin_dir_each(state_dir, TG_NEXT_DIR, look_into_next, &search);
	return found < 0 ? found : search.fd;
}

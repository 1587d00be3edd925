#include <asm/termbits.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "engine/fd/ttyinfo.h"
#include "engine/kernel/stat.h"
#include "engine/model/model.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

static TermiosEntry *termios_entry(struct arena *arena, const struct termios2 *t)
{
	TermiosEntry *entry = arena_new_struct(arena, TermiosEntry);
	uint32_t *cc = arena_alloc(arena, NCCS * sizeof(*cc));

	if (!entry || !cc)
		return NULL;
	termios_entry__init(entry);
	entry->c_iflag = t->c_iflag;
	entry->c_oflag = t->c_oflag;
	entry->c_cflag = t->c_cflag;
	entry->c_lflag = t->c_lflag;
	entry->c_line = t->c_line;
	entry->c_ispeed = t->c_ispeed;
	entry->c_ospeed = t->c_ospeed;
	for (int i = 0; i < NCCS; i++)
		cc[i] = t->c_cc[i];
	entry->c_cc = cc;
	entry->n_c_cc = NCCS;
	return entry;
}

static struct termios2 termios_of(const TermiosEntry *entry)
{
	struct termios2 t = {
		.c_iflag = entry->c_iflag,
		.c_oflag = entry->c_oflag,
		.c_cflag = entry->c_cflag,
		.c_lflag = entry->c_lflag,
		.c_line = (cc_t)entry->c_line,
		.c_ispeed = entry->c_ispeed,
		.c_ospeed = entry->c_ospeed,
	};

	for (size_t i = 0; i < NCCS && i < entry->n_c_cc; i++)
		t.c_cc[i] = (cc_t)entry->c_cc[i];
	return t;
}

static int look_size(struct arena *arena, int fd, TtyInfoEntry *ret, struct err *err)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0)
		return fail_errno(err, "TIOCGWINSZ");
	ret->winsize = arena_new_struct(arena, WinsizeEntry);
	if (!ret->winsize)
		return fail(err, -ENOMEM, "no memory for a terminal");
	winsize_entry__init(ret->winsize);
	ret->winsize->ws_row = size.ws_row;
	ret->winsize->ws_col = size.ws_col;
	ret->winsize->ws_xpixel = size.ws_xpixel;
	ret->winsize->ws_ypixel = size.ws_ypixel;
	return 0;
}

int ttyinfo_look(struct arena *arena, int fd, TtyInfoEntry *ret, struct err *err)
{
	struct termios2 now, locked;
	unsigned int dev = 0;
	int exclusive = 0;

	if (ioctl(fd, TIOCGDEV, &dev) < 0)
		return errno == EIO ? refuse(err, "the terminal has hung up; close it before "
						  "the checkpoint")
				    : fail_errno(err, "TIOCGDEV");
	if (ioctl(fd, TCGETS2, &now) < 0 || ioctl(fd, TIOCGLCKTRMIOS, &locked) < 0)
		return fail_errno(err, "settings of the terminal");
	if (ioctl(fd, TIOCGEXCL, &exclusive) < 0)
		return fail_errno(err, "TIOCGEXCL");
	ret->rdev = dev;
	ret->exclusive = exclusive;
	ret->termios = termios_entry(arena, &now);
	ret->termios_locked = termios_entry(arena, &locked);
	if (!ret->termios || !ret->termios_locked)
		return fail(err, -ENOMEM, "no memory for a terminal");
	return look_size(arena, fd, ret, err);
}

static pid_t group_inside(const struct model *model, pid_t pgid)
{
	for (size_t i = 0; i < model->n_tasks; i++)
		if (getpgid(model->task[i]->pid) == pgid)
			return model->task[i]->vpgid;
	return 0;
}

int ttyinfo_session(const struct model *model, TtyInfoEntry *info, struct err *err)
{
	for (size_t i = 0; i < model->n_tasks; i++) {
		const struct task *task = model->task[i];
		struct stat_task stat;

		if (task->vpid != task->vsid || task->state == TASK_ZOMBIE)
			continue;
		int r = stat_read(task->pid, 0, &stat, err);
		if (r < 0)
			return r;
		if (stat.tty_nr != info->rdev || stat.session != stat.pid)
			continue;
		info->sid = (uint32_t)task->vpid;
		info->pgrp = stat.tpgid > 0 ? (uint32_t)group_inside(model, stat.tpgid) : 0;
		return 0;
	}
	return 0;
}

int ttyinfo_apply(int fd, const TtyInfoEntry *info, struct err *err)
{
	if (info->termios_locked) {
		struct termios2 locked = termios_of(info->termios_locked);
		if (ioctl(fd, TIOCSLCKTRMIOS, &locked) < 0)
			return fail_errno(err, "TIOCSLCKTRMIOS");
	}
	if (info->termios) {
		struct termios2 t = termios_of(info->termios);
		if (ioctl(fd, TCSETS2, &t) < 0)
			return fail_errno(err, "TCSETS2");
	}
	if (info->winsize) {
		struct winsize size = {
			.ws_row = (unsigned short)info->winsize->ws_row,
			.ws_col = (unsigned short)info->winsize->ws_col,
			.ws_xpixel = (unsigned short)info->winsize->ws_xpixel,
			.ws_ypixel = (unsigned short)info->winsize->ws_ypixel,
		};
		if (ioctl(fd, TIOCSWINSZ, &size) < 0)
			return fail_errno(err, "TIOCSWINSZ");
	}
	return 0;
}

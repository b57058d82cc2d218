// SPDX-License-Identifier: GPL-2.0
/* Files of the machine, options of its kernel, and programs. */
#define _GNU_SOURCE
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "alloc.h"

#define PATH_SIZE	512
#define OUTPUT_MAX	(16 << 20)

const char *system_root = "";

__attribute__((format(printf, 2, 0)))
static void make_path(char path[PATH_SIZE], const char *fmt, va_list ap)
{
	int len = snprintf(path, PATH_SIZE, "%s", system_root);

	vsnprintf(path + len, PATH_SIZE - len, fmt, ap);
}

__attribute__((format(printf, 1, 0)))
static FILE *open_file(const char *fmt, va_list ap)
{
	char path[PATH_SIZE];

	make_path(path, fmt, ap);
	return fopen(path, "re");
}

/* Return: whether there is such a file. */
bool system_has(const char *fmt, ...)
{
	char path[PATH_SIZE];
	va_list ap;

	va_start(ap, fmt);
	make_path(path, fmt, ap);
	va_end(ap);
	return !access(path, F_OK);
}

/* Return: whether a file has a first line. */
bool system_read(char line[SYSTEM_LINE], const char *fmt, ...)
{
	bool ok = false;
	va_list ap;
	FILE *f;

	va_start(ap, fmt);
	f = open_file(fmt, ap);
	va_end(ap);
	if (f) {
		ok = fgets(line, SYSTEM_LINE, f);
		fclose(f);
	}
	if (ok)
		line[strcspn(line, "\n")] = 0;
	return ok;
}

/* Return: whether a file has a line with that word. */
bool system_finds(const char *word, const char *fmt, ...)
{
	bool found = false;
	char *line = NULL;
	size_t size = 0;
	va_list ap;
	FILE *f;

	va_start(ap, fmt);
	f = open_file(fmt, ap);
	va_end(ap);
	while (f && !found && getline(&line, &size, f) > 0)
		found = strstr(line, word);
	free(line);
	if (f)
		fclose(f);
	return found;
}

/* Files that are not compressed are read as they are. */
static gzFile open_config(const char *release)
{
	char path[PATH_SIZE];
	gzFile f;

	snprintf(path, sizeof(path), "%s/proc/config.gz", system_root);
	f = gzopen(path, "re");
	if (f)
		return f;
	snprintf(path, sizeof(path), "%s/boot/config-%s", system_root, release);
	return gzopen(path, "re");
}

/**
 * system_config() - was the kernel built with an option?
 * @release: of the kernel
 * @option: CONFIG_NAME
 * @set: result: whether it was, or as a module
 *
 * Return: whether that is known.
 */
bool system_config(const char *release, const char *option, bool *set)
{
	gzFile f = open_config(release);
	size_t len = strlen(option);
	char line[SYSTEM_LINE];

	*set = false;
	if (!f)
		return false;
	while (!*set && gzgets(f, line, sizeof(line)))
		*set = !strncmp(line, option, len) &&
		       (!strncmp(line + len, "=y", 2) || !strncmp(line + len, "=m", 2));
	gzclose(f);
	return true;
}

/* Return: all that was written into a file, to be freed. */
static char *read_back(int fd)
{
	struct stat st = { 0 };
	ssize_t n;
	char *text;

	if (fstat(fd, &st) || st.st_size > OUTPUT_MAX)
		st.st_size = 0;
	text = ck_alloc(st.st_size + 1);
	n = pread(fd, text, st.st_size, 0);
	text[n < 0 ? 0 : n] = 0;
	return text;
}

static int spawn(const char *path, char *const argv[], int out, int err)
{
	posix_spawn_file_actions_t actions;
	int ret, status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, err, 2);
	ret = -posix_spawn(&pid, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (ret)
		return ret;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

/**
 * system_run() - run a program
 * @argv: its path and arguments
 * @out: what it wrote, to be freed, also after a failure
 * @err: what it wrote as errors, likewise
 *
 * Return: its exit status, or a negative errno.
 */
int system_run(char *const argv[], char **out, char **err)
{
	int fds[] = { memfd_create("out", MFD_CLOEXEC), memfd_create("err", MFD_CLOEXEC) };
	char path[PATH_SIZE];
	int ret;

	snprintf(path, sizeof(path), "%s%s", system_root, argv[0]);
	ret = spawn(path, argv, fds[0], fds[1]);
	*out = read_back(fds[0]);
	*err = read_back(fds[1]);
	close(fds[0]);
	close(fds[1]);
	return ret;
}

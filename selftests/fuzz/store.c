// SPDX-License-Identifier: GPL-2.0
/* A XenStore in memory, in which an input writes, in place of common/xs.c. One thing a line:
 *
 *   = PATH [VALUE]	a node is written
 *   ~ PATH		it is removed, with what is below it
 *   @ PATH		an event without a change
 *   f ERRNO		the next request fails
 *   & LINE		the same, but while the next request waits for its answer
 *   -			what follows happens later
 *
 * Any other line is the fuzzer's. Watches fire as xenstored's do.
 */
#include "store.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "xs.h"

#define RACES_MAX	16

struct node {
	TAILQ_ENTRY(node) next;
	char *value;
	char path[];
};

struct watch {
	TAILQ_ENTRY(watch) next;
	char path[];
};

struct event {
	STAILQ_ENTRY(event) next;
	char path[];
};

/* A request that nobody waits for, whose result is still to be told. */
struct result {
	STAILQ_ENTRY(result) next;
	ck_xs_done_fn done;
	void *arg;
	int err;
};

static TAILQ_HEAD(, node) nodes = TAILQ_HEAD_INITIALIZER(nodes);
static TAILQ_HEAD(, watch) watches = TAILQ_HEAD_INITIALIZER(watches);
static STAILQ_HEAD(, event) events = STAILQ_HEAD_INITIALIZER(events);
static STAILQ_HEAD(, result) results = STAILQ_HEAD_INITIALIZER(results);
static char *rest, *races[RACES_MAX];
static unsigned int nraces, race;
static int next_error;
static ck_xs_event_fn on_event;
static void *event_arg;

/* Is @path @dir, or below it? */
static bool within(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

static void add_event(const char *path)
{
	struct event *event = malloc(sizeof(*event) + strlen(path) + 1);

	strcpy(event->path, path);
	STAILQ_INSERT_TAIL(&events, event, next);
}

/* Whoever watches a path, or what it is below, is told. */
void store_fire(const char *path)
{
	struct watch *watch;

	TAILQ_FOREACH(watch, &watches, next)
		if (within(path, watch->path))
			add_event(path);
}

static struct node *find(const char *path)
{
	struct node *node;

	TAILQ_FOREACH(node, &nodes, next)
		if (!strcmp(node->path, path))
			return node;
	return NULL;
}

static void free_node(struct node *node)
{
	TAILQ_REMOVE(&nodes, node, next);
	free(node->value);
	free(node);
}

const char *store_value(const char *path)
{
	struct node *node = find(path);

	return node ? node->value : NULL;
}

void store_set(const char *path, const char *value)
{
	struct node *node = find(path);

	if (!node) {
		node = malloc(sizeof(*node) + strlen(path) + 1);
		strcpy(node->path, path);
		TAILQ_INSERT_TAIL(&nodes, node, next);
	} else {
		free(node->value);
	}
	node->value = strdup(value);
	store_fire(path);
}

/* Those who watch something below are told, too. */
void store_remove(const char *path)
{
	struct node *node, *next;
	struct watch *watch;
	bool any = false;

	for (node = TAILQ_FIRST(&nodes); node; node = next) {
		next = TAILQ_NEXT(node, next);
		if (!within(node->path, path))
			continue;
		any = true;
		free_node(node);
	}
	if (!any)
		return;
	store_fire(path);
	TAILQ_FOREACH(watch, &watches, next)
		if (within(watch->path, path) && strcmp(watch->path, path))
			add_event(watch->path);
}

void store_each(void (*fn)(const char *path, const char *value))
{
	struct node *node;

	TAILQ_FOREACH(node, &nodes, next)
		fn(node->path, node->value);
}

/* Nothing of the input happens any more, not even while a request waits. */
void store_stop(void)
{
	nraces = 0;
	race = 0;
}

/* Nodes and events are gone; watches stay. */
void store_clear(void)
{
	struct event *event;

	while (!TAILQ_EMPTY(&nodes))
		free_node(TAILQ_FIRST(&nodes));
	while ((event = STAILQ_FIRST(&events))) {
		STAILQ_REMOVE_HEAD(&events, next);
		free(event);
	}
	next_error = 0;
	store_stop();
}

static void take_line(char *line)
{
	char *path = line + 1 + (line[0] && line[1] == ' '), *value;

	switch (line[0]) {
	case '=':
		value = path;
		strsep(&value, " ");
		store_set(path, value ? value : "");
		break;
	case '~':
		store_remove(path);
		break;
	case '@':
		store_fire(path);
		break;
	case 'f':
		next_error = -(int)(strtoul(path, NULL, 10) % 4096);
		break;
	case '&':
		if (nraces < RACES_MAX)
			races[nraces++] = path;
		break;
	default:
		store_line(line);
	}
}

/* From now on, this is the input. */
void store_start(char *text)
{
	rest = text;
	store_stop();
}

/* Let happen what comes next. Return: whether there was something. */
bool store_next(void)
{
	char *line;

	if (!rest)
		return false;
	while ((line = strsep(&rest, "\n")) && line[0] != '-')
		take_line(line);
	return true;
}

/* What a connection takes while it waits. */
static void pump(struct ck_xs *xs)
{
	struct result *result;
	struct event *event;

	(void)xs;
	while ((result = STAILQ_FIRST(&results))) {
		STAILQ_REMOVE_HEAD(&results, next);
		if (result->done)
			result->done(result->arg, result->err);
		free(result);
	}
	while (on_event && (event = STAILQ_FIRST(&events))) {
		STAILQ_REMOVE_HEAD(&events, next);
		on_event(event_arg, event->path);
		free(event);
	}
}

/* Return: why a request fails, or 0. */
static int request(struct ck_xs *xs)
{
	int err = next_error;

	next_error = 0;
	if (race < nraces)
		take_line(races[race++]);
	pump(xs);
	return err;
}

int ck_xs_open(struct ck_xs **xs)
{
	static char connection;

	*xs = (void *)&connection;
	return request(*xs);
}

void ck_xs_close(struct ck_xs *xs)
{
	struct watch *watch;

	pump(xs);
	while ((watch = TAILQ_FIRST(&watches))) {
		TAILQ_REMOVE(&watches, watch, next);
		free(watch);
	}
}

int ck_xs_error(const struct ck_xs *xs)
{
	(void)xs;
	return 0;
}

int ck_xs_fd(const struct ck_xs *xs)
{
	(void)xs;
	return 0;
}

/* What is above a node is there, too. */
static const char *value_or_directory(const char *path)
{
	const char *value = store_value(path);
	struct node *node;

	if (value)
		return value;
	TAILQ_FOREACH(node, &nodes, next)
		if (within(node->path, path))
			return "";
	return NULL;
}

int ck_xs_read(struct ck_xs *xs, uint32_t t, const char *path, struct ck_xs_value *value)
{
	int err = request(xs);
	const char *text = err ? NULL : value_or_directory(path);
	size_t len;

	(void)t;
	if (!text)
		return err ?: -ENOENT;
	len = strlen(text);
	value->len = len;
	if (len > CK_VALUE_MAX)
		len = CK_VALUE_MAX;
	memcpy(value->data, text, len);
	value->data[len] = 0;
	return 0;
}

static int put(const char *path, const char *value, int err)
{
	if (err)
		return err;
	store_written(path, value);
	store_set(path, value);
	return 0;
}

int ck_xs_write(struct ck_xs *xs, uint32_t t, const char *path, const char *value)
{
	(void)t;
	return put(path, value, request(xs));
}

int ck_xs_rm(struct ck_xs *xs, uint32_t t, const char *path)
{
	int err = request(xs);

	(void)t;
	if (!err)
		store_remove(path);
	return err == -ENOENT ? 0 : err;
}

/* Return: whether a name is among those that were found. */
static bool have(char *const *names, unsigned int n, const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!strncmp(names[i], name, len) && !names[i][len])
			return true;
	return false;
}

int ck_xs_list(struct ck_xs *xs, uint32_t t, const char *path, char ***names, unsigned int *n)
{
	size_t len = strlen(path), size = 0, count = 0, part;
	int err = request(xs);
	struct node *node;
	const char *name;
	char *to;

	(void)t;
	*names = NULL;
	*n = 0;
	if (err)
		return err == -ENOENT ? 0 : err;
	TAILQ_FOREACH(node, &nodes, next) {
		count++;
		size += strlen(node->path) + 1;
	}
	*names = malloc(count * sizeof(char *) + size);
	to = (char *)(*names + count);
	TAILQ_FOREACH(node, &nodes, next) {
		name = node->path + len + 1;
		if (!within(node->path, path) || !node->path[len])
			continue;
		part = strcspn(name, "/");
		if (have(*names, *n, name, part))
			continue;
		memcpy(to, name, part);
		to[part] = 0;
		(*names)[(*n)++] = to;
		to += part + 1;
	}
	return 0;
}

int ck_xs_share(struct ck_xs *xs, uint32_t t, const char *path, uint32_t reader)
{
	(void)t;
	(void)reader;
	return put(path, "", request(xs));
}

int ck_xs_readers(struct ck_xs *xs, const char *path, uint32_t *readers, unsigned int max,
		  unsigned int *n)
{
	(void)path;
	(void)readers;
	(void)max;
	*n = 0;
	return request(xs) ?: -ERANGE;
}

int ck_xs_watch(struct ck_xs *xs, const char *path, bool on)
{
	int err = request(xs);
	struct watch *watch;

	if (err)
		return err;
	TAILQ_FOREACH(watch, &watches, next)
		if (!strcmp(watch->path, path))
			break;
	if (on && watch)
		return -EEXIST;
	if (!on && !watch)
		return -ENOENT;
	if (!on) {
		TAILQ_REMOVE(&watches, watch, next);
		free(watch);
		return 0;
	}
	watch = malloc(sizeof(*watch) + strlen(path) + 1);
	strcpy(watch->path, path);
	TAILQ_INSERT_TAIL(&watches, watch, next);
	add_event(path);
	return 0;
}

int ck_xs_introduced(struct ck_xs *xs, uint32_t domid, bool *introduced)
{
	char path[CK_PATH_SIZE];
	int err = request(xs);

	ck_path_vm(path, domid);
	*introduced = !err && store_value(path);
	return err;
}

int ck_xs_transaction(struct ck_xs *xs, ck_xs_fn fn, void *arg)
{
	int err, i;

	for (i = 0; i < 4; i++) {
		err = request(xs) ?: fn(xs, 1, arg);
		if (err != -EAGAIN)
			return err;
	}
	return -EAGAIN;
}

static void add_result(ck_xs_done_fn done, void *arg, int err)
{
	struct result *result = malloc(sizeof(*result));

	result->done = done;
	result->arg = arg;
	result->err = err;
	STAILQ_INSERT_TAIL(&results, result, next);
}

static int error_of_post(void)
{
	int err = next_error;

	next_error = 0;
	return err;
}

void ck_xs_post_write(struct ck_xs *xs, uint32_t t, const char *path, const char *value,
		      ck_xs_done_fn done, void *arg)
{
	(void)xs;
	(void)t;
	add_result(done, arg, put(path, value, error_of_post()));
}

void ck_xs_post_rm(struct ck_xs *xs, uint32_t t, const char *path, ck_xs_done_fn done, void *arg)
{
	int err = error_of_post();

	(void)xs;
	(void)t;
	if (!err)
		store_remove(path);
	add_result(done, arg, err);
}

void ck_xs_post_readers(struct ck_xs *xs, const char *path, const uint32_t *readers,
			unsigned int n, ck_xs_done_fn done, void *arg)
{
	(void)xs;
	(void)path;
	(void)readers;
	(void)n;
	add_result(done, arg, error_of_post());
}

int ck_xs_flush(struct ck_xs *xs)
{
	(void)xs;
	return 0;
}

void ck_xs_on_event(struct ck_xs *xs, ck_xs_event_fn fn, void *arg)
{
	(void)xs;
	on_event = fn;
	event_arg = arg;
}

int ck_xs_receive(struct ck_xs *xs, unsigned int max)
{
	(void)max;
	pump(xs);
	return 0;
}

bool ck_xs_pending(const struct ck_xs *xs)
{
	(void)xs;
	return !STAILQ_EMPTY(&events);
}

int ck_xs_next_event(struct ck_xs *xs, char path[CK_EVENT_SIZE])
{
	struct event *event;
	bool fits;

	(void)xs;
	while ((event = STAILQ_FIRST(&events))) {
		STAILQ_REMOVE_HEAD(&events, next);
		fits = strlen(event->path) < CK_EVENT_SIZE;
		if (fits)
			strcpy(path, event->path);
		free(event);
		if (fits)
			return 1;
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/* Netlink messages that an input spells out, one thing a line:
 *
 *   m TYPE [FLAGS [SEQ]]	a message begins
 *   x HEX			bytes, as of the header of its family
 *   1 TYPE NUMBER		an attribute: a number of 1 byte; 2, 4 and 8 are alike
 *   n TYPE NUMBER		a number of 4 bytes in network byte order
 *   s TYPE TEXT		a string with its NUL
 *   h TYPE HEX			bytes
 *   { TYPE			attributes in an attribute, up to the next }
 *   ! LENGTH			the last attribute or message pretends to have this length
 *   e ERRNO			the next request fails
 *   -				what follows is said later
 *
 * Any other line is passed over: other parts of a fuzzer have their own.
 */
#include "messages.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

static bool put(struct messages *m, const void *bytes, size_t len)
{
	size_t padded = NLMSG_ALIGN(len);

	if (!m->open || m->len + padded > sizeof(m->buf))
		return false;
	memset(m->buf + m->len, 0, padded);
	memcpy(m->buf + m->len, bytes, len);
	m->len += padded;
	return true;
}

static void put_attr(struct messages *m, uint16_t type, const void *bytes, size_t len)
{
	struct nlattr attr = { .nla_len = NLA_HDRLEN + len, .nla_type = type };
	size_t at = m->len;

	if (len > 1024 || !put(m, &attr, sizeof(attr)))
		return;
	m->last = at;
	if (len)
		put(m, bytes, len);
}

static size_t parse_hex(const char *text, unsigned char *bytes, size_t max)
{
	char pair[3] = "";
	size_t n;

	for (n = 0; n < max; n++) {
		text += strspn(text, " ");
		if (!text[0] || !text[1])
			break;
		memcpy(pair, text, 2);
		text += 2;
		bytes[n] = strtoul(pair, NULL, 16);
	}
	return n;
}

static void end_nest(struct messages *m)
{
	struct nlattr *attr;

	if (!m->depth)
		return;
	m->last = m->nest[--m->depth];
	attr = (void *)(m->buf + m->last);
	attr->nla_len = m->len - m->last;
}

static void end_message(struct messages *m)
{
	struct nlmsghdr *nlh = (void *)(m->buf + m->message);

	while (m->depth)
		end_nest(m);
	if (m->open && !m->pretends)
		nlh->nlmsg_len = m->len - m->message;
	m->open = false;
}

static void begin_message(struct messages *m, char *text)
{
	struct nlmsghdr nlh = { 0 };

	end_message(m);
	nlh.nlmsg_type = strtoul(text, &text, 10);
	nlh.nlmsg_flags = strtoul(text, &text, 10);
	nlh.nlmsg_seq = strtoul(text, &text, 10);
	m->message = m->len;
	m->last = m->len;
	m->pretends = false;
	m->open = true;
	m->open = put(m, &nlh, sizeof(nlh));
}

static void pretend(struct messages *m, unsigned long len)
{
	if (!m->open)
		return;
	m->pretends |= m->last == m->message;
	if (m->last == m->message)
		((struct nlmsghdr *)(m->buf + m->last))->nlmsg_len = len;
	else
		((struct nlattr *)(m->buf + m->last))->nla_len = len;
}

static void begin_nest(struct messages *m, uint16_t type)
{
	size_t at = m->len;

	if (m->depth == NESTS_MAX)
		return;
	put_attr(m, type, NULL, 0);
	if (m->len > at)
		m->nest[m->depth++] = at;
}

static void take_attr(struct messages *m, char form, char *text)
{
	uint16_t type = strtoul(text, &text, 10);
	unsigned char bytes[512];
	uint64_t number;
	uint32_t net;

	text += *text == ' ';
	number = strtoull(text, NULL, 10);
	net = htonl(number);
	if (form == 's')
		put_attr(m, type, text, strlen(text) + 1);
	else if (form == 'h')
		put_attr(m, type, bytes, parse_hex(text, bytes, sizeof(bytes)));
	else if (form == 'n')
		put_attr(m, type, &net, sizeof(net));
	else
		put_attr(m, type, &number, form - '0');
}

/* Return: whether this is said later than what came before. */
static bool take_line(struct messages *m, char *line)
{
	unsigned char bytes[512];

	switch (line[0]) {
	case 'm':
		begin_message(m, line + 1);
		break;
	case 'x':
		put(m, bytes, parse_hex(line + 1, bytes, sizeof(bytes)));
		break;
	case '1':
	case '2':
	case '4':
	case '8':
	case 'n':
	case 's':
	case 'h':
		take_attr(m, line[0], line + 1);
		break;
	case '{':
		begin_nest(m, strtoul(line + 1, NULL, 10));
		break;
	case '}':
		end_nest(m);
		break;
	case '!':
		pretend(m, strtoul(line + 1, NULL, 10));
		break;
	case 'e':
		if (m->nerrors < ERRORS_MAX)
			m->error[m->nerrors++] = -(int)(strtoul(line + 1, NULL, 10) % 4096);
		break;
	case '-':
		return true;
	}
	return false;
}

/**
 * messages_read() - read what is said at one time
 * @m: result
 * @text: the input from there on, which is cut into lines; afterwards what follows
 *
 * Return: whether there was anything left of the input.
 */
bool messages_read(struct messages *m, char **text)
{
	char *line;

	memset(m, 0, sizeof(*m));
	if (!*text)
		return false;
	while ((line = strsep(text, "\n")))
		if (take_line(m, line))
			break;
	end_message(m);
	return true;
}

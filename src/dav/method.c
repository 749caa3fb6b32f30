#include "dav/method.h"
#include "base/buf.h"
#include "dav/methods.h"

#include <stddef.h>
#include <string.h>

enum { ON_MEMBER = ON_COLLECTION | ON_FILE, ON_ALL = ON_ROOT | ON_MEMBER | ON_UNMAPPED };

/* clang-format off */
static const struct method methods[] = {
	/* name        body                  right         on                         hidden anonymous touches destination select commit */
	{"OPTIONS",   METHOD_BODY_NONE,    RIGHT_LOOK,   ON_ALL,                     403, true,  0,              false, options_select,  NULL},
	{"HEAD",      METHOD_BODY_NONE,    RIGHT_FETCH,  ON_ROOT | ON_MEMBER,        403, false, 0,              false, get_select,      NULL},
	{"GET",       METHOD_BODY_NONE,    RIGHT_FETCH,  ON_ROOT | ON_MEMBER,        403, false, 0,              false, get_select,      NULL},
	{"PUT",       METHOD_BODY_CONTENT, RIGHT_UPLOAD, ON_FILE | ON_UNMAPPED,      403, false, TOUCHES_MADE,   false, NULL, put_commit},
	{"DELETE",    METHOD_BODY_NONE,    RIGHT_REMOVE, ON_MEMBER,                  403, false, TOUCHES_TREE,   false, NULL, delete_commit},
	{"MKCOL",     METHOD_BODY_XML,     RIGHT_UPLOAD, ON_UNMAPPED,                403, false, TOUCHES_MADE,   false, NULL, mkcol_commit},
	{"COPY",      METHOD_BODY_NONE,    RIGHT_LOOK,   ON_MEMBER,                  403, false, 0,              true,  NULL, copy_commit},
	{"MOVE",      METHOD_BODY_NONE,    RIGHT_REMOVE, ON_MEMBER,                  403, false, TOUCHES_TREE,   true,  NULL, move_commit},
	{"LOCK",      METHOD_BODY_XML,     RIGHT_UPLOAD, ON_MEMBER | ON_UNMAPPED,    403, false, TOUCHES_NEW,    false, NULL, lock_commit},
	{"UNLOCK",    METHOD_BODY_NONE,    RIGHT_CHANGE, ON_MEMBER,                  403, false, 0,              false, NULL, unlock_commit},
	{"PROPFIND",  METHOD_BODY_XML,     RIGHT_LOOK,   ON_ROOT | ON_MEMBER,        404, false, 0,              false, propfind_select, NULL},
	{"PROPPATCH", METHOD_BODY_XML,     RIGHT_CHANGE, ON_MEMBER,                  403, false, TOUCHES_ITSELF, false, NULL, proppatch_commit},
	{"REPORT",    METHOD_BODY_XML,     RIGHT_LOOK,   ON_ROOT | ON_MEMBER,        403, false, 0,              false, report_select, NULL},
};
/* clang-format on */

const struct method *method_find(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

size_t method_number(const struct method *method)
{
	return (size_t)(method - methods);
}

const struct method *method_at(size_t number)
{
	return number < sizeof(methods) / sizeof(*methods) ? &methods[number] : NULL;
}

void method_allow(struct buf *out, unsigned on)
{
	size_t start = out->len;

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (methods[i].on & on)
			buf_printf(out, "%s%s", out->len > start ? ", " : "", methods[i].name);
}

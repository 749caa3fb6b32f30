#include "dav/change.h"
#include "dav/document.h"
#include "dav/methods.h"
#include "dav/multistatus.h"
#include "dav/request.h"
#include "xml/reader.h"

#include <errno.h>

/* In document order (RFC 4918, 9.2). 0 or -ECANCELED. */
static int read_body(struct request *request, struct changes *changes)
{
	const struct xml_node *root;
	int error = document_read(request, "propertyupdate",
		"The body is no DAV:propertyupdate (RFC 4918, 14.19).", &root);

	if (error == 0)
		error = changes_read(request, root, changes);
	if (error == 0 && changes->count == 0) {
		answer_error(request, 400, NULL, "The body changes no property.");
		error = -ECANCELED;
	}
	return error;
}

static void write_answer(
	struct request *request, const struct walk *walk, const struct changes *changes)
{
	struct buf *out = &request->answer.bytes;
	struct buf href = {0};

	answer_begin(request, 207);
	answer_header(request, "Content-Type", "application/xml; charset=utf-8");
	request->answer.kind = ANSWER_BYTES;
	walk_href(&href, walk);
	multistatus_begin(out);
	multistatus_response_begin(out, buf_text(&href));
	buf_free(&href);
	changes_write(out, changes);
	multistatus_response_end(out);
	multistatus_end(out);
}

/* RFC 4918, 9.2: all or nothing; what did not fail by itself says 424. */
int proppatch_commit(struct request *request, struct tx *tx, const struct walk *walk)
{
	struct view view = {request, tx, request->arena, &walk->chain[walk->count - 1]};
	struct changes changes;
	int made = read_body(request, &changes);

	if (made == 0)
		made = changes_make(&view, &changes);
	if (made < 0)
		return made;
	write_answer(request, walk, &changes);
	return made ? 0 : -ECANCELED;
}

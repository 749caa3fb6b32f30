#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void test_walk(void **state)
{
	struct fixture *f = *state;
	struct resource file;

	make_collection(f, "/c", "romeo@montague.lit");
	make_file(f, "/c/e%CC%81", "romeo@montague.lit", 3, 'x');
	file = look_up(f, "/c/%C3%A9");
	assert_string_equal(file.name, "\xc3\xa9");
	assert_string_equal(file.spelling, "e\xcc\x81");
	assert_string_equal(file.owner, "romeo@montague.lit");
	assert_string_equal(file.content_type, "text/plain");
	assert_false(file.collection);
	assert_false(file.has_list);
	assert_true(look_up(f, "/c").collection);
	assert_int_equal(look_up(f, "/").id, STORE_ROOT);
	assert_false(is_there(f, "/c/x"));
	assert_false(is_there(f, "/c/%C3%A9/y"));
	assert_false(is_there(f, "/C"));
}

/* In pages, in the order of names, each once. */
static void test_members(void **state)
{
	struct fixture *f = *state;
	char path[32], after[300] = "", seen[64] = "";
	struct members ended = {.enough = 2};
	int64_t collection;
	struct tx *reading;
	size_t count;

	make_collection(f, "/c", "romeo@montague.lit");
	collection = look_up(f, "/c").id;
	for (int i = 9; i >= 0; i--) {
		snprintf(path, sizeof(path), "/c/%d", i);
		make_file(f, path, "romeo@montague.lit", 1, 'x');
	}
	do {
		struct members members = {0};
		struct tx *tx;

		assert_int_equal(store_read_begin(f->store, &tx), 0);
		assert_int_equal(store_members(tx, collection, after, 4, keep, &members), 0);
		store_read_end(tx);
		count = members.count;
		for (size_t i = 0; i < count; i++)
			strcat(seen, members.names[i]);
		if (count)
			strcpy(after, members.names[count - 1]);
	} while (count == 4);
	assert_string_equal(seen, "0123456789");
	/* Whom they are told may have enough. */
	assert_int_equal(store_read_begin(f->store, &reading), 0);
	assert_int_equal(store_members(reading, collection, "4", 4, keep, &ended), 7);
	assert_int_equal(ended.count, 2);
	assert_string_equal(ended.names[1], "6");
	assert_int_equal(store_members(reading, collection, "9", 4, keep, &ended), 0);
	assert_int_equal(ended.count, 2);
	store_read_end(reading);
}

static int prepared_again(struct tx *tx)
{
	int times = 0;

	for (sqlite3_stmt *one = NULL; (one = sqlite3_next_stmt(tx->db, one));)
		times += sqlite3_stmt_status(one, SQLITE_STMTSTATUS_REPREPARE, 0);
	return times;
}

/* A statement is prepared once, whatever is bound to it. */
static void test_prepared_once(void **state)
{
	static const char *const paths[] = {"/", "/c", "/c/d", "/c/d/f", "/c/e"};
	struct fixture *f = *state;
	struct tx *tx;

	make_collection(f, "/c", "romeo@montague.lit");
	make_collection(f, "/c/d", "romeo@montague.lit");
	make_file(f, "/c/d/f", "romeo@montague.lit", 1, 'x');
	assert_int_equal(store_read_begin(f->store, &tx), 0);
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct members members = {0};
		struct path path;
		struct walk walk;

		assert_int_equal(path_parse(f->arena, paths[i], &path), 0);
		assert_int_equal(store_walk(tx, f->arena, &path, &walk), 0);
		assert_int_equal(
			store_members(tx, walk.chain[walk.count - 1].id, NULL, 4, keep, &members),
			0);
	}
	assert_int_equal(prepared_again(tx), 0);
	store_read_end(tx);
}

static bool names(struct fixture *f, const char *path, const char *text)
{
	struct resource resource = look_up(f, path);
	struct jid jid;
	struct tx *tx;
	int result;

	assert_int_equal(jid_parse(f->arena, text, &jid), 0);
	assert_int_equal(store_read_begin(f->store, &tx), 0);
	result = store_list_names(tx, resource.id, &jid);
	store_read_end(tx);
	assert_true(result >= 0);
	return result;
}

static void test_list(void **state)
{
	struct fixture *f = *state;
	static const char *const jids[] = {
		"juliet@capulet.lit", "benvolio@montague.lit/home", "juliet@capulet.lit", NULL};
	static const char *const nobody[] = {NULL};

	make_file(f, "/a", "romeo@montague.lit", 1, 'x');
	assert_int_equal(set_list(f, "/a", jids), 0);
	assert_true(look_up(f, "/a").has_list);
	assert_true(names(f, "/a", "juliet@capulet.lit"));
	assert_true(names(f, "/a", "juliet@capulet.lit/balcony"));
	assert_true(names(f, "/a", "benvolio@montague.lit/home"));
	assert_false(names(f, "/a", "benvolio@montague.lit"));
	assert_false(names(f, "/a", "benvolio@montague.lit/work"));
	assert_false(names(f, "/a", "tybalt@capulet.lit"));
	assert_int_equal(set_list(f, "/a", nobody), 0);
	assert_true(look_up(f, "/a").has_list);
	assert_false(names(f, "/a", "juliet@capulet.lit"));
	assert_int_equal(set_list(f, "/a", NULL), 0);
	assert_false(look_up(f, "/a").has_list);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM list"), 0);
}

/* What the root shows to somebody: their own and what was shared with them there. */
static void test_root_members(void **state)
{
	struct fixture *f = *state;
	static const char *const juliet[] = {"juliet@capulet.lit", NULL};
	static const char *const home[] = {"benvolio@montague.lit/home", NULL};
	static const struct {
		const char *jid, *seen;
	} cases[] = {
		{"romeo@montague.lit", "a b c "},
		{"juliet@capulet.lit/x", "a d "},
		{"benvolio@montague.lit/home", "b "},
		{"benvolio@montague.lit", ""},
		{"tybalt@capulet.lit", ""},
	};

	make_file(f, "/a", "romeo@montague.lit", 1, 'x');
	make_file(f, "/b", "romeo@montague.lit", 1, 'x');
	make_collection(f, "/c", "romeo@montague.lit");
	make_file(f, "/c/e", "romeo@montague.lit", 1, 'x');
	make_file(f, "/d", "juliet@capulet.lit", 1, 'x');
	assert_int_equal(set_list(f, "/a", juliet), 0);
	assert_int_equal(set_list(f, "/d", juliet), 0);
	assert_int_equal(set_list(f, "/b", home), 0);
	assert_int_equal(set_list(f, "/c/e", home), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct members members = {0};
		char seen[32] = "";
		struct jid jid;
		struct tx *tx;

		assert_int_equal(jid_parse(f->arena, cases[i].jid, &jid), 0);
		assert_int_equal(store_read_begin(f->store, &tx), 0);
		assert_int_equal(store_root_members(tx, &jid, NULL, 10, keep, &members), 0);
		store_read_end(tx);
		for (size_t k = 0; k < members.count; k++)
			sprintf(seen + strlen(seen), "%s ", members.names[k]);
		assert_string_equal(seen, cases[i].seen);
	}
}

static int nothing(struct tx *tx, struct store_change *change)
{
	return 0;
}

/* A tree is out of sight at once and gone, with all that it had, soon after. */
static void test_delete_tree(void **state)
{
	struct fixture *f = *state;
	static const char *const juliet[] = {"juliet@capulet.lit", NULL};

	make_collection(f, "/c", "romeo@montague.lit");
	make_collection(f, "/c/d", "romeo@montague.lit");
	for (int i = 0; i < 600; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/c/d/%d", i);
		make_file(f, path, "romeo@montague.lit", i < 3 ? 70000 : 1, 'x');
	}
	assert_int_equal(set_list(f, "/c", juliet), 0);
	assert_int_equal(set_list(f, "/c/d/5", juliet), 0);
	assert_int_equal(remove_resource(f, "/c"), 0);
	assert_false(is_there(f, "/c"));
	make_collection(f, "/c", "juliet@capulet.lit");
	for (int i = 0; i < 10 && rows_of(f, "SELECT count(*) FROM resource") > 2; i++)
		assert_int_equal(change(f, nothing, NULL), 0);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM resource"), 2);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM list"), 0);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM content"), 0);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM tombstone"), 1);
	assert_int_equal(blobs_on_disk(f), 0);
	assert_false(is_there(f, "/c/d"));
}

static int set_properties(struct tx *tx, struct store_change *change)
{
	struct resource *resource = change_arg(change);
	const struct property first = {"urn:a", "x", "<x xmlns='urn:a'>1</x>"},
			      again = {"urn:a", "x", "<x xmlns='urn:a'>2</x>"},
			      other = {"", "y", "<y/>"};
	int error = store_property_set(tx, resource->id, &first);

	if (error == 0)
		error = store_property_set(tx, resource->id, &again);
	return error < 0 ? error : store_property_set(tx, resource->id, &other);
}

static int remove_property(struct tx *tx, struct store_change *change)
{
	struct resource *resource = change_arg(change);
	int error = store_property_remove(tx, resource->id, "urn:a", "x");

	if (error == 0)
		error = store_property_remove(tx, resource->id, "urn:a", "absent");
	return error < 0 ? error : store_displayname_set(tx, resource->id, "A name");
}

static int too_many(struct tx *tx, struct store_change *change)
{
	struct resource *resource = change_arg(change);
	char value[60001], name[16];
	int error = 0;

	memset(value, 'x', sizeof(value));
	value[60000] = '\0';
	for (int i = 0; i < 20 && error == 0; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		error = store_property_set(
			tx, resource->id, &(struct property){"urn:b", name, value});
	}
	return error;
}

static void test_properties(void **state)
{
	struct fixture *f = *state;
	struct property *properties;
	struct resource resource;
	size_t count;
	struct tx *tx;

	make_file(f, "/a", "romeo@montague.lit", 1, 'x');
	resource = look_up(f, "/a");
	assert_int_equal(change(f, set_properties, &resource), 0);
	assert_true(look_up(f, "/a").has_properties);
	assert_true(look_up(f, "/a").change > resource.change);
	assert_int_equal(store_read_begin(f->store, &tx), 0);
	assert_int_equal(store_properties(tx, f->arena, resource.id, &properties, &count), 0);
	store_read_end(tx);
	assert_int_equal(count, 2);
	assert_string_equal(properties[0].name, "y");
	assert_string_equal(properties[1].xml, "<x xmlns='urn:a'>2</x>");
	assert_int_equal(change(f, remove_property, &resource), 0);
	assert_string_equal(look_up(f, "/a").displayname, "A name");
	assert_int_equal(change(f, too_many, &resource), -ENOSPC);
	assert_int_equal(rows_of(f, "SELECT count(*) FROM property"), 1);
}

struct telling {
	struct fixture *f;
	struct upload *upload;
	struct resource made;
};

static int run_tell(struct tx *tx, struct store_change *change)
{
	struct telling *self = change_arg(change);
	const struct segment segment = {"f", "F"};

	return store_make_file(tx, STORE_ROOT, &segment, "romeo@montague.lit", "text/plain",
		self->upload, &self->made, self->f->arena);
}

static int run_retell(struct tx *tx, struct store_change *change)
{
	struct telling *self = change_arg(change);
	struct resource there = self->made;

	return store_replace_content(
		tx, &there, "image/png", self->upload, &self->made, self->f->arena);
}

static void assert_told(struct fixture *f, const struct resource *made)
{
	struct resource found = look_up(f, "/f");

	assert_string_equal(made->name, found.name);
	assert_string_equal(made->spelling, found.spelling);
	assert_string_equal(made->owner, found.owner);
	assert_string_equal(made->content_type, found.content_type);
	assert_null(made->displayname);
	assert_int_equal(made->id, found.id);
	assert_int_equal(made->parent, found.parent);
	assert_int_equal(made->collection, found.collection);
	assert_int_equal(made->has_list, found.has_list);
	assert_int_equal(made->has_properties, found.has_properties);
	assert_int_equal(made->content, found.content);
	assert_int_equal(made->length, found.length);
	assert_int_equal(made->created, found.created);
	assert_int_equal(made->modified, found.modified);
	assert_int_equal(made->change, found.change);
	assert_int_equal(made->stored, found.stored);
	assert_int_equal(made->link, found.link);
	assert_int_equal(made->expires, found.expires);
}

/* What is told of a file that was made, or has new content, is what is found of it, with and without a default of when it goes. */
static void test_made(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		struct telling told = {f, uploaded(f, 10, 'x')};

		assert_int_equal(change(f, run_tell, &told), 0);
		upload_close(told.upload, true);
		assert_told(f, &told.made);
		assert_int_equal(told.made.expires != 0, i);
		told.upload = uploaded(f, 20, 'y');
		assert_int_equal(change(f, run_retell, &told), 0);
		upload_close(told.upload, true);
		assert_told(f, &told.made);
		assert_int_equal(told.made.expires != 0, i);
		assert_int_equal(remove_resource(f, "/f"), 0);
		f->options.expires = 3600000;
		fixture_reopen(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_made, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_walk, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_members, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_prepared_once, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_list, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_root_members, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_delete_tree, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_properties, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

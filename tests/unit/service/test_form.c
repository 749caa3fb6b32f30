#include "../unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "service/form.h"
#include "xml/reader.h"

#include <string.h>

static struct form read_form(struct arena *arena, const char *text)
{
	struct xml_node *x;

	assert_int_equal(xml_read(arena, text, strlen(text), &xml_limits_stanza, &x), 0);
	return form_read(arena, x);
}

/* Whether that field has this value, be it among others. */
static bool has(const struct form *form, const char *var, const char *value)
{
	for (const struct form_value *one = form->values; one; one = one->next)
		if (strcmp(one->var, var) == 0 && strcmp(one->value, value) == 0)
			return true;
	return false;
}

static void test_read(void **state)
{
	struct arena *arena = arena_new();
	struct form form =
		read_form(arena, "<x xmlns='jabber:x:data' type='submit'>"
				 "<field var='a'><value>1</value></field>"
				 "<field var='b'><value>x</value><value>y</value></field>"
				 "<field><value>nobody's</value></field>"
				 "<field var='c'/>"
				 "<field xmlns='urn:other' var='d'><value>1</value></field>"
				 "</x>");

	assert_string_equal(form_value(&form, "a"), "1");
	assert_true(has(&form, "a", "1"));
	assert_string_equal(form_value(&form, "b"), "x");
	assert_true(has(&form, "b", "y"));
	assert_false(has(&form, "b", "z"));
	assert_false(has(&form, "b", "1"));
	assert_null(form_value(&form, "c"));
	assert_null(form_value(&form, "d"));
	arena_free(arena);
}

static void test_written(void **state)
{
	static const struct form_option options[] = {{"Read <only>", "read"}, {"All", "all"}};
	struct arena *arena = arena_new();
	struct buf out = {0};
	struct form form;

	form_begin(&out, "form", "A & B", "Fill it in.");
	form_field(
		&out, &(struct form_field){"label", "text-single", "What's it for?", "<me>", true});
	form_field(&out, &(struct form_field){"who", "jid-multi", NULL, "a@b\nc@d\n"});
	form_field(&out, &(struct form_field){.var = "right",
				 .type = "list-single",
				 .options = options,
				 .option_count = 2});
	form_end(&out);
	assert_non_null(strstr(buf_text(&out), "<title>A &amp; B</title>"));
	assert_non_null(strstr(buf_text(&out), "<required/>"));
	assert_non_null(strstr(buf_text(&out), "label='Read &lt;only"));
	form = read_form(arena, buf_text(&out));
	assert_string_equal(form_value(&form, "label"), "<me>");
	assert_true(has(&form, "who", "a@b"));
	assert_true(has(&form, "who", "c@d"));
	assert_null(form_value(&form, "right"));
	buf_free(&out);
	arena_free(arena);
}

/* What does not fit is left out whole, and the caller knows; what is behind still has its place. */
static void test_bounded(void **state)
{
	struct form_option options[2000];
	struct arena *arena = arena_new();
	struct buf out = {0};
	char *long_value = arena_alloc(arena, FORM_MAX);
	struct form form;

	for (size_t i = 0; i < 2000; i++)
		options[i] = (struct form_option){"''''''''''", "an option"};
	memset(long_value, '\'', FORM_MAX - 1);
	form_begin(&out, "form", NULL, NULL);
	assert_false(form_field(&out, &(struct form_field){.var = "which",
					      .type = "list-multi",
					      .options = options,
					      .option_count = 2000}));
	assert_false(
		form_field(&out, &(struct form_field){"long", "text-single", NULL, long_value}));
	assert_true(form_field(&out, &(struct form_field){"short", "text-single", NULL, "value"}));
	form_end(&out);
	assert_in_range(out.len, OPTIONS_MAX - 200, FORM_MAX);
	form = read_form(arena, buf_text(&out));
	assert_string_equal(form_value(&form, "short"), "value");
	assert_null(form_value(&form, "long"));
	buf_free(&out);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// TOML 1.0 conformance: values of every kind, invalid inputs with their positions, limits.
#include <math.h>
#include <string.h>

#include "format/toml.h"

// The value of key "v" (or of the whole document) as text, for comparison in tables.
static void print_value(GString *out, const StrakeTomlValue *value)
{
	switch (value->kind) {
	case STRAKE_TOML_TABLE:
		g_string_append_c(out, '{');
		for (size_t i = 0; i < value->table.count; i++) {
			g_string_append_printf(
				out, "%s%s=", i > 0 ? " " : "", value->table.entries[i].key);
			print_value(out, &value->table.entries[i].value);
		}
		g_string_append_c(out, '}');
		break;
	case STRAKE_TOML_ARRAY:
		g_string_append_c(out, '[');
		for (size_t i = 0; i < value->array.count; i++) {
			g_string_append(out, i > 0 ? " " : "");
			print_value(out, &value->array.items[i]);
		}
		g_string_append_c(out, ']');
		break;
	case STRAKE_TOML_STRING:
		g_string_append_c(out, '"');
		g_string_append_len(out, value->string.text, (gssize)value->string.size);
		g_string_append_c(out, '"');
		break;
	case STRAKE_TOML_INTEGER:
		g_string_append_printf(out, "%" G_GINT64_FORMAT, value->integer);
		break;
	case STRAKE_TOML_FLOAT:
		if (isnan(value->real))
			g_string_append(out, "nan");
		else
			g_string_append_printf(out, "f%.17g", value->real);
		break;
	case STRAKE_TOML_BOOL:
		g_string_append(out, value->boolean ? "true" : "false");
		break;
	default: {
		g_autofree char *text = strake_toml_time_format(value);
		g_string_append_printf(out, "<%s>", text);
	}
	}
}

static void test_valid(void)
{
	static const struct {
		const char *toml, *want;
	} rows[] = {
		{"", "{}"},
		{"# only a comment", "{}"},
		{"a=\"\\b\\t\\n\\f\\r\\\"\\\\\"", "{a=\"\010\t\n\014\r\"\\\"}"},
		{"a=\"\\u00e9\\U0001F600\"", "{a=\"\303\251\360\237\230\200\"}"},
		{"a=\"\"", "{a=\"\"}"},
		{"a=''", "{a=\"\"}"},
		{"a=\"\"\"\n\nx\"\"\"", "{a=\"\nx\"}"},
		{"a=\"\"\"x\\\n   y\"\"\"", "{a=\"xy\"}"},
		{"a=\"\"\"x\\ \n \n  y\"\"\"", "{a=\"xy\"}"},
		{"a='''\nx\\y'''", "{a=\"x\\y\"}"},
		{"a=\"\"\"\"quoted\"\"\"\"\"", "{a=\"\"quoted\"\"\"}"},
		{"a='''''two'''''", "{a=\"''two''\"}"},
		{"a=\"\"\"a\r\nb\"\"\"", "{a=\"a\nb\"}"},
		{"a='\t'", "{a=\"\t\"}"},
		{"a=+1_000", "{a=1000}"},
		{"a=-0", "{a=0}"},
		{"a=0xDEAD_beef", "{a=3735928559}"},
		{"a=0o755", "{a=493}"},
		{"a=0b1101", "{a=13}"},
		{"a=9223372036854775807", "{a=9223372036854775807}"},
		{"a=-9223372036854775808", "{a=-9223372036854775808}"},
		{"a=0x7fffffffffffffff", "{a=9223372036854775807}"},
		{"a=1.5e+10", "{a=f15000000000}"},
		{"a=-0.0", "{a=f-0}"},
		{"a=6.626e-34", "{a=f6.6259999999999998e-34}"},
		{"a=224_617.445_991_228", "{a=f224617.44599122801}"},
		{"a=1E06", "{a=f1000000}"},
		{"a=inf", "{a=finf}"},
		{"a=+inf", "{a=finf}"},
		{"a=-inf", "{a=f-inf}"},
		{"a=nan", "{a=nan}"},
		{"a=-nan", "{a=nan}"},
		{"a=0e0", "{a=f0}"},
		{"a=0.0", "{a=f0}"},
		{"a=true\nb=false", "{a=true b=false}"},
		{"a=1979-05-27", "{a=<1979-05-27>}"},
		{"a=07:32:00.999999", "{a=<07:32:00.999999>}"},
		{"a=1979-05-27T07:32:00Z", "{a=<1979-05-27T07:32:00Z>}"},
		{"a=1979-05-27 07:32:00.5-07:30", "{a=<1979-05-27T07:32:00.5-07:30>}"},
		{"a=1979-05-27t07:32:00z", "{a=<1979-05-27T07:32:00Z>}"},
		{"a=2024-02-29", "{a=<2024-02-29>}"},
		{"a=1979-05-27T07:32:00.1234567891", "{a=<1979-05-27T07:32:00.123456789>}"},
		{"a=0001-01-01", "{a=<0001-01-01>}"},
		{"a=[]", "{a=[]}"},
		{"a=[1,2,]", "{a=[1 2]}"},
		{"a=[ # c\n1 # d\n , 2\n]", "{a=[1 2]}"},
		{"a=[1,\"x\",[2.5,{b=1}]]", "{a=[1 \"x\" [f2.5 {b=1}]]}"},
		{"a={}", "{a={}}"},
		{"a={b=1, c.d=2, e={}}", "{a={b=1 c={d=2} e={}}}"},
		{"a . b = 1", "{a={b=1}}"},
		{"\"a.b\".c=1", "{a.b={c=1}}"},
		{"''=1", "{=1}"},
		{"1=1", "{1=1}"},
		{"1.2=3", "{1={2=3}}"},
		{"true=1", "{true=1}"},
		{"-_=1", "{-_=1}"},
		{"[a . b]\nc=1", "{a={b={c=1}}}"},
		{"[a.b]\n[a]\nc=1", "{a={b={} c=1}}"},
		{"[[a]]\nb=1\n[[a]]\n[[a.c]]\nd=1", "{a=[{b=1} {c=[{d=1}]}]}"},
		{"[a]\nx.y=1\n[a.x.z]\nw=1", "{a={x={y=1 z={w=1}}}}"},
		{"[a]\n[b]\n[a.c]", "{a={c={}} b={}}"},
		{"[x.y.z.w]\n[x]\n", "{x={y={z={w={}}}}}"},
		{"\357\273\277a=1", "{a=1}"},
		{"a=1 # \t c \303\251", "{a=1}"},
		{"\"\312\216\"=1", "{\312\216=1}"},
		{"a=1\n\n\n", "{a=1}"},
		{"a=[[[[]]]]", "{a=[[[[]]]]}"},
		{"[a]\r\nb=1\r\n", "{a={b=1}}"},
		{"a.b=1\na.c=2", "{a={b=1 c=2}}"},
		{"a.b.c=1\na.d=2", "{a={b={c=1} d=2}}"},
		{"a='''\n'''", "{a=\"\"}"},
		{"a=\"\"\"\\\n\"\"\"", "{a=\"\"}"},
		{"a=[1979-05-27, 07:32:00]", "{a=[<1979-05-27> <07:32:00>]}"},
		{"a=0.1e-5", "{a=f9.9999999999999995e-07}"},
		{"[[a.b]]\n[[a.b]]", "{a={b=[{} {}]}}"},
		{"a=2", "{a=2}"},
		{"[a.b.c]\n[a]\nd=1\n[a.b]\ne=1", "{a={b={c={} e=1} d=1}}"},
		{"a=\"\357\277\275\"", "{a=\"\357\277\275\"}"},
		{"a=1e+0_1", "{a=f10}"},
		{"a=\"\"\"\\\n  \303\251\"\"\"", "{a=\"\303\251\"}"},
		{"a=1\r\nb=2\r\n", "{a=1 b=2}"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeToml) toml =
			strake_toml_parse(rows[i].toml, strlen(rows[i].toml), "t", &error);
		g_autoptr(GString) out = g_string_new(NULL);
		g_test_message("%s", rows[i].toml);
		g_assert_no_error(error);
		print_value(out, strake_toml_root(toml));
		g_assert_cmpstr(out->str, ==, rows[i].want);
	}
}

// Where toml++ sees the mistake: the character that cannot be, or the key that is defined twice.
static void test_invalid(void)
{
	static const struct {
		const char *toml;
		size_t size;
		unsigned line, column;
	} rows[] = {
		{"a", 1, 1, 2},
		{"a=", 2, 1, 3},
		{"=1", 2, 1, 1},
		{"a b=1", 5, 1, 3},
		{"a=1 b=2", 7, 1, 5},
		{"a=1\na=2", 7, 2, 3},
		{"[a]\n[a]", 7, 2, 1},
		{"a=1\n[a]", 7, 2, 1},
		{"[a]\nb=1\n[a.b]", 13, 3, 1},
		{"[[a]]\n[a]", 9, 2, 1},
		{"[a]\n[[a]]", 9, 2, 1},
		{"a=[1\nb=2", 8, 2, 1},
		{"a={b=1\n}", 8, 1, 7},
		{"a={b=1,}", 8, 1, 8},
		{"a={,}", 5, 1, 4},
		{"a={b=1}\n[a.c]", 13, 2, 6},
		{"a={b=1}\na.c=2", 13, 2, 1},
		{"a.b=1\na=2", 9, 2, 3},
		{"a.b=1\n[a]", 9, 2, 1},
		{"[a.b]\n[a]\nb.c=1\n", 16, 3, 1},
		{"a.b.c=1\n[a.b]", 13, 2, 1},
		{"a=\"", 3, 1, 4},
		{"a=\"x\ny\"", 7, 1, 5},
		{"a='x\ny'", 7, 1, 5},
		{"a=\"\\q\"", 6, 1, 5},
		{"a=\"\\u12\"", 8, 1, 8},
		{"a=\"\\ud800\"", 10, 1, 10},
		{"a=\"\\U00110000\"", 14, 1, 14},
		{"a=\"\"\"x", 6, 1, 7},
		{"a='''x", 6, 1, 7},
		{"a=\"\001\"", 5, 1, 4},
		{"a=\"\177\"", 5, 1, 4},
		{"a='\001'", 5, 1, 4},
		{"a=\"\"\"\001\"\"\"", 9, 1, 6},
		{"a=\"\"\"a\"\"\"\"\"\"b\"\"\"", 16, 1, 12},
		{"a=\"\"\"x\"\"\"\"\"\" ", 13, 1, 12},
		{"a=01", 4, 1, 5},
		{"a=+01", 5, 1, 6},
		{"a=-01", 5, 1, 6},
		{"a=1_", 4, 1, 4},
		{"a=_1", 4, 1, 3},
		{"a=1__2", 6, 1, 5},
		{"a=0x", 4, 1, 5},
		{"a=0xg", 5, 1, 5},
		{"a=0b2", 5, 1, 5},
		{"a=0o8", 5, 1, 5},
		{"a=+0x1", 6, 1, 3},
		{"a=-0b1", 6, 1, 5},
		{"a=0X1", 5, 1, 4},
		{"a=0_1", 5, 1, 6},
		{"a=9223372036854775808", 21, 1, 22},
		{"a=-9223372036854775809", 22, 1, 23},
		{"a=0xffffffffffffffff", 20, 1, 21},
		{"a=0x_1", 6, 1, 5},
		{"a=0x1_", 6, 1, 7},
		{"a=.5", 4, 1, 3},
		{"a=5.", 4, 1, 5},
		{"a=5.e1", 6, 1, 5},
		{"a=1e", 4, 1, 5},
		{"a=1e_1", 6, 1, 5},
		{"a=1_.5", 6, 1, 5},
		{"a=1._5", 6, 1, 5},
		{"a=1.5_", 6, 1, 7},
		{"a=01.5", 6, 1, 4},
		{"a=1e1.5", 7, 1, 6},
		{"a=1.2.3", 7, 1, 6},
		{"a=Inf", 5, 1, 3},
		{"a=NaN", 5, 1, 3},
		{"a=infinity", 10, 1, 6},
		{"a=1ee2", 6, 1, 5},
		{"a=03e1", 6, 1, 4},
		{"a=True", 6, 1, 3},
		{"a=TRUE", 6, 1, 3},
		{"a=tru", 5, 1, 6},
		{"a=truer", 7, 1, 7},
		{"a=null", 6, 1, 4},
		{"a=x", 3, 1, 3},
		{"a=1979-05-27T", 13, 1, 3},
		{"a=1979-13-01", 12, 1, 10},
		{"a=1979-02-30", 12, 1, 13},
		{"a=2023-02-29", 12, 1, 13},
		{"a=1979-00-01", 12, 1, 10},
		{"a=1979-01-00", 12, 1, 13},
		{"a=1979-5-27", 11, 1, 9},
		{"a=24:00:00", 10, 1, 5},
		{"a=07:60:00", 10, 1, 8},
		{"a=07:32:61", 10, 1, 11},
		{"a=07:32", 7, 1, 8},
		{"a=7:32:00", 9, 1, 4},
		{"a=1979-05-27T07:32:00+25:00", 27, 1, 25},
		{"a=1979-05-27T07:32:00+07", 24, 1, 25},
		{"a=1979-05-27  07:32:00", 22, 1, 15},
		{"a=1979-05-27T07:32:00.", 22, 1, 23},
		{"a=1979-05-27t07:32:00+0700", 26, 1, 25},
		{"a=79-05-27", 10, 1, 5},
		{"a=[1,,2]", 8, 1, 6},
		{"a=[,1]", 6, 1, 4},
		{"a=[1 2]", 7, 1, 6},
		{"a=]", 3, 1, 3},
		{"a=[[1]", 6, 1, 7},
		{"[a", 2, 1, 3},
		{"[a]]", 4, 1, 4},
		{"[[a]", 4, 1, 5},
		{"[]", 2, 1, 2},
		{"[[]]", 4, 1, 3},
		{"[a.]", 4, 1, 4},
		{"[.a]", 4, 1, 2},
		{"[a..b]", 6, 1, 4},
		{"[ ]", 3, 1, 3},
		{"[a] b=1", 7, 1, 5},
		{"[a]\n[a.b]\n[a]", 13, 3, 1},
		{"[[a.b]]\n[a.b.c]\n[[a.b.c]]", 25, 3, 1},
		{"a..b=1", 6, 1, 3},
		{".a=1", 4, 1, 1},
		{"a.=1", 4, 1, 3},
		{"\"\"\"a\"\"\"=1", 9, 1, 1},
		{"a=1\rb=2", 7, 1, 5},
		{"a=1\r", 4, 1, 5},
		{"a=\"x\ry\"", 7, 1, 5},
		{"# c\rd", 5, 1, 5},
		{"# \001", 3, 1, 3},
		{"# \177", 3, 1, 3},
		{"\377=1", 3, 1, 1},
		{"a='\377'", 5, 1, 3},
		{"a='\300\200'", 6, 1, 3},
		{"a='\355\240\200'", 7, 1, 3},
		{"# \377", 3, 1, 2},
		{"a='\364\220\200\200'", 8, 1, 3},
		{"\357\273\277\357\273\277a=1", 9, 1, 1},
		{"a = \"a\\\n b\"", 11, 1, 8},
		{"a={b=1 c=2}", 11, 1, 8},
		{"a={b=1,b=2}", 11, 1, 10},
		{"a={b.c=1,b=2}", 13, 1, 12},
		{"a={b={c=1},b.d=2}", 17, 1, 12},
		{"a=[{b=1}]\n[[a]]", 15, 2, 1},
		{"[a]\nb=1\n[a.b.c]", 15, 3, 8},
		{"a=[1]\n[a.b]", 11, 2, 6},
		{"a.b=[]\n[[a.b]]", 14, 2, 1},
		{"a\302\240=1", 5, 1, 2},
		{"\303\251=1", 4, 1, 1},
		{"a=1#ok\013", 7, 1, 7},
		{"a=1\014", 4, 1, 4},
		{"a = 1 2", 7, 1, 7},
		{"a = \"x\" y", 9, 1, 9},
		{"[\"a]", 4, 1, 5},
		{"[a\n]", 4, 1, 3},
		{"a\n=1", 4, 1, 2},
		{"a=\n1", 4, 1, 3},
		{"a.\nb=1", 6, 1, 3},
		{"\"a\nb\"=1", 7, 1, 3},
		{"[[a]]\n[[a]]\n[a]", 15, 3, 1},
		{"[a.b]\n[a]\nb=1", 13, 3, 3},
		{"a = '''a''''''", 14, 1, 14},
		{"a=1979-05-27T07:32:00Z1", 23, 1, 23},
		{"\"\\u0000\"=1", 10, 1, 1},
		{"a=1e1_0_", 8, 1, 9},
		{"a=+", 3, 1, 3},
		{"a=-", 3, 1, 3},
		{"a=+inf1", 7, 1, 7},
		{"x=[{a=1}]\n[x]", 13, 2, 1},
		{"a=\"\"\"\\q\"\"\"", 10, 1, 7},
		{"a=\"\\\"", 5, 1, 6},
		{"[a]\nx.y=1\n[a.x]", 15, 3, 1},
		{"\"\\u0000\"=1", 10, 1, 1},
		{"a=\0001", 4, 1, 3},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeToml) toml =
			strake_toml_parse(rows[i].toml, rows[i].size, "f.toml", &error);
		g_autofree char *where =
			g_strdup_printf("f.toml:%u:%u: ", rows[i].line, rows[i].column);
		g_autofree char *shown = g_strescape(rows[i].toml, NULL);
		g_test_message("row %zu: %s", i, shown);
		g_assert_null(toml);
		g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
		g_test_message("%s", error->message);
		g_assert_true(g_str_has_prefix(error->message, where));
		g_assert_cmpuint(strlen(error->message), >, strlen(where));
	}
}

static void test_positions(void)
{
	static const char text[] =
		"# x\n[b]\nz = 1\n  y.x = [ 'a',\n 2 ]\n[a]\n\"\303\251\" = {q = 1}\n";
	g_autoptr(StrakeToml) toml = strake_toml_parse(text, strlen(text), "f", NULL);
	const StrakeTomlValue *root = strake_toml_root(toml);
	const StrakeTomlEntry *b = &root->table.entries[0];
	const StrakeTomlEntry *y = strake_toml_get(&b->value, "y");
	const StrakeTomlEntry *x = strake_toml_get(&y->value, "x");
	const StrakeTomlEntry *q;

	// File order, not alphabetical.
	g_assert_cmpstr(b->key, ==, "b");
	g_assert_cmpstr(root->table.entries[1].key, ==, "a");
	g_assert_cmpstr(b->value.table.entries[0].key, ==, "z");
	g_assert_cmpuint(y->line, ==, 4);
	g_assert_cmpuint(y->column, ==, 3);
	g_assert_cmpuint(x->column, ==, 5);
	g_assert_cmpuint(x->value.column, ==, 9);
	g_assert_cmpuint(x->value.array.items[1].line, ==, 5);
	g_assert_cmpuint(x->value.array.items[1].column, ==, 2);
	q = strake_toml_get(&root->table.entries[1].value, "\303\251");
	g_assert_cmpuint(q->value.column, ==, 7); // characters, not bytes
	g_assert_null(strake_toml_get(root, "c"));
}

static void test_times(void)
{
	static const struct {
		const char *toml;
		gint64 want;
	} rows[] = {
		{"v=1970-01-01T00:00:00Z", 0},
		{"v=2026-02-24T00:00:00-08:00", 1771920000},
		{"v=2000-02-29T23:59:59Z", 951868799},
		{"v=1969-12-31T23:59:59Z", -1},
		{"v=2026-02-24", 1771891200},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeToml) toml =
			strake_toml_parse(rows[i].toml, strlen(rows[i].toml), "t", NULL);
		gint64 seconds = 0;
		const StrakeTomlValue *value = &strake_toml_get(strake_toml_root(toml), "v")->value;
		g_test_message("%s", rows[i].toml);
		g_assert_true(strake_toml_time_unix(value, &seconds));
		g_assert_cmpint(seconds, ==, rows[i].want);
	}
}

static char *repeat(const char *part, unsigned n)
{
	GString *out = g_string_new(NULL);

	for (unsigned i = 0; i < n; i++)
		g_string_append(out, part);
	return g_string_free(out, FALSE);
}

static void test_limits(void)
{
	static const struct {
		const char *before, *part, *middle, *other;
		unsigned n;
		bool accepted;
	} rows[] = {
		{"a=", "[", "", "]", 60, true},
		{"a=", "[", "", "]", 65, false},
		{"a=", "[", "", "", 100000, false},
		{"a=", "{a=", "", "", 100000, false},
		{"a", ".a", "=1", "", 32, true},
		{"a", ".a", "=1", "", 33, false},
		{"a", ".a", "=1", "", 100000, false},
		{"[a", ".a", "]", "", 100000, false},
		{"[a", " . 'a'", "]", "", 100000, false},
		{"a='''", ".a", "'''", "", 100000, true}, // text, not a key
		{"a=\"", ".a", "\"", "", 100000, true},
		{"#", ".a", "", "", 100000, true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *left = repeat(rows[i].part, rows[i].n);
		g_autofree char *right = repeat(rows[i].other, rows[i].n);
		g_autofree char *text =
			g_strconcat(rows[i].before, left, rows[i].middle, right, NULL);
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeToml) toml = strake_toml_parse(text, strlen(text), "t", &error);
		g_test_message("row %zu", i);
		g_assert_cmpint(toml != NULL, ==, rows[i].accepted);
	}
	g_autofree char *big = g_strnfill(STRAKE_TOML_SIZE_MAX + 1, '#');
	g_autoptr(GError) error = NULL;
	g_assert_null(strake_toml_parse(big, STRAKE_TOML_SIZE_MAX + 1, "t", &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_LIMIT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/toml/valid", test_valid);
	g_test_add_func("/toml/invalid", test_invalid);
	g_test_add_func("/toml/positions", test_positions);
	g_test_add_func("/toml/times", test_times);
	g_test_add_func("/toml/limits", test_limits);
	return g_test_run();
}

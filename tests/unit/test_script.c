// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The script analysis: rows of script text and what must come out of it. A row's text has
// "#!/bin/sh" put in front; its lines count from 2. A '?' marks what is conditional.
#include <string.h>

#include "base/error.h"
#include "bridge/script.h"
#include "bridge/script_deb.h"
#include "bridge/script_private.h"

#define PAYLOAD                                                                                    \
	"f /usr/share/demo/demo.conf\nf /usr/bin/demo\nd /usr/share/demo\nd /var/lib/demo\n"       \
	"l /usr/bin/demo-link\nd /etc/demo\nf /etc/demo/main.conf\nf /etc/init.d/demo\n"           \
	"f /etc/apache2/mods-available/demo.load\nf /etc/apache2/mods-available/demo.conf\n"       \
	"d /var/run\n"

#define TEMPLATES                                                                                  \
	"Template: demo/yes\nType: boolean\nDefault: true\nDescription: yes?\n More text: here.\n" \
	"\nTemplate: demo/no\nType: boolean\nDefault: false\n\nTemplate: demo/empty\nType: "       \
	"string\n\nTemplate: demo/name\nType: string\nDefault: _demo\n"

static StrakeScriptPaths *payload(void)
{
	StrakeScriptPaths *paths = strake_script_paths_new();
	g_auto(GStrv) lines = g_strsplit(PAYLOAD, "\n", -1);

	for (size_t i = 0; lines[i] != NULL; i++)
		if (lines[i][0] != '\0')
			strake_script_paths_add(
				paths, lines[i] + 2, lines[i][0], lines[i][0] == 'd' ? 0755 : 0644);
	return paths;
}

static StrakeScriptPlan *analyse(StrakeScriptKind kind, const char *text)
{
	g_autoptr(StrakeScriptPaths) paths = payload();
	g_autoptr(GBytes) script = g_bytes_new(text, strlen(text));
	g_autoptr(GBytes) templates = g_bytes_new_static(TEMPLATES, strlen(TEMPLATES));
	g_autoptr(GError) error = NULL;
	StrakeScriptInput in = {.package = "demo",
		.architecture = "amd64",
		.templates = templates,
		.path_type = strake_script_paths_type,
		.path_mode = strake_script_paths_mode,
		.path_data = paths};
	StrakeScriptPlan *plan;

	in.scripts[kind] = script;
	plan = strake_script_analyse(&in, &error);
	g_assert_no_error(error);
	return plan;
}

static char *dump(const StrakeScriptPlan *plan)
{
	GString *out = g_string_new(NULL);

	for (size_t i = 0; i < strake_script_plan_n_actions(plan); i++) {
		const StrakeScriptAction *a = strake_script_plan_action(plan, i);
		g_autofree char *text = strake_script_action_describe(a);

		g_string_append_printf(out, "%s%s %s\n", strake_script_action_name(a->kind),
			a->maybe ? "?" : "", text);
		if (a->kind == STRAKE_SCRIPT_FILE)
			g_string_append_printf(out, "  |%s|\n", a->content);
	}
	for (size_t i = 0; i < strake_script_plan_n_unhandled(plan); i++) {
		const StrakeScriptUnhandled *u = strake_script_plan_unhandled(plan, i);

		g_string_append_printf(out, "!%s %u: %s\n", u->maybe ? "?" : "", u->line, u->why);
	}
	return g_string_free(out, FALSE);
}

typedef struct {
	const char *text;
	const char *result;
} Row;

static void check_rows(StrakeScriptKind kind, const Row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		g_autofree char *text = g_strconcat("#!/bin/sh\n", rows[i].text, "\n", NULL);
		g_autoptr(StrakeScriptPlan) plan = analyse(kind, text);
		g_autofree char *result = dump(plan);

		if (strcmp(result, rows[i].result) == 0)
			continue;
		g_test_message("FAILED: %s\n-- gives\n%s-- not\n%s", rows[i].text, result,
			rows[i].result); // all rows, not only the first
		g_test_fail();
	}
}

// -- what is decided and what is not

static const Row flow_rows[] = {
	{"set -e\nexit 0", ""},
	{"[ \"$1\" = configure ] || exit 0\nldconfig", "cache ldconfig\n"},
	{"[ \"$1\" = configure ] && exit 0\nldconfig", ""},
	{"if [ -n \"$2\" ]; then nonsense; else ldconfig; fi", "cache ldconfig\n"},
	{"test -z \"$2\" -a \"$1\" = configure && ldconfig", "cache ldconfig\n"},
	{"case \"$1\" in configure|reconfigure) ldconfig;; *) nonsense;; esac", "cache ldconfig\n"},
	{"case $1 in conf*) ldconfig;; esac", "cache ldconfig\n"},
	{"case $1 in con\\*) nonsense;; *) ;; esac", ""},
	{"if [ -x /usr/sbin/other ]; then ldconfig; fi", "cache? ldconfig\n"},
	{"[ -x /usr/sbin/other ] || ldconfig", "cache? ldconfig\n"},
	{"if command -v x; then nonsense; fi", "!? 2: no rule for command 'nonsense'\n"},
	{"if [ -f /usr/bin/demo ]; then ldconfig; else nonsense; fi", "cache ldconfig\n"},
	{"[ -x /usr/share/demo ] && [ -x /usr/bin/demo ] && ldconfig", ""},
	{"if [ -d /usr/bin/demo ]; then nonsense; fi", ""},
	{"[ -e /bin/demo ] && ldconfig", "cache ldconfig\n"},
	// An exit with an error did not happen; one without may have.
	{"which x || exit 1\nldconfig", "cache ldconfig\n"},
	{"invoke-rc.d x start || exit $?\nldconfig",
		"nothing services start at boot from their unit files\ncache ldconfig\n"},
	{"which x && exit $?\nldconfig", "cache? ldconfig\n"},
	{"which x || exit 0\nldconfig", "cache? ldconfig\n"},
	{"f() { which x && return 0; ldconfig; }\nf\ndepmod", "cache? ldconfig\ncache depmod\n"},
	{"f() { which x || return 1; return 0; }\nif f; then ldconfig; else depmod; fi",
		"cache? ldconfig\ncache? depmod\n"},
	{"f() { [ \"$1\" = a ]; }\nif f a; then ldconfig; else nonsense; fi", "cache ldconfig\n"},
	{"f() { local x=\"$1\"; mkdir \"/srv/$x\"; }\nx=q; f a; f b; mkdir /srv/$x",
		"tmpfiles d /srv/a 0755 root root -\ntmpfiles d /srv/b 0755 root root -\n"
		"tmpfiles d /srv/q 0755 root root -\n"},
	{"f() { f; }\nf", "! 2: commands are nested too deep to be followed\n"},
	{"for i in a b; do mkdir /srv/$i; done",
		"tmpfiles d /srv/a 0755 root root -\ntmpfiles d /srv/b 0755 root root -\n"},
	{"for i in a b c; do [ $i = a ] && continue; mkdir /srv/$i; [ $i = b ] && break; done",
		"tmpfiles d /srv/b 0755 root root -\n"},
	{"for i in $(ls /x); do mkdir /srv/$i; done",
		"!? 2: an argument is only known at run time\n"},
	{"i=0; while [ $i -lt 2 ]; do mkdir /srv/$i; i=$((i+1)); done",
		"tmpfiles d /srv/0 0755 root root -\ntmpfiles d /srv/1 0755 root root -\n"},
	{"while which x; do mkdir /srv/a; done\ndepmod",
		"tmpfiles? d /srv/a 0755 root root -\ncache depmod\n"},
	{"while read a b; do mkdir /srv/$b; done <<E\n1 x\n2 y\nE\n",
		"tmpfiles d /srv/x 0755 root root -\ntmpfiles d /srv/y 0755 root root -\n"},
	{"x=a; if which y; then x=b; fi; mkdir /srv/$x",
		"! 2: an argument is only known at run time\n"},
	{"x=a; if which y; then x=b; else x=b; fi; mkdir /srv/$x",
		"tmpfiles d /srv/b 0755 root root -\n"},
	{"x=a; (x=b); mkdir /srv/$x", "tmpfiles d /srv/a 0755 root root -\n"},
	{"x=a; echo c | read x; mkdir /srv/$x", "tmpfiles d /srv/a 0755 root root -\n"},
	{"x=$(echo a b); set -- $x; mkdir /srv/$2-$#", "tmpfiles d /srv/b-2 0755 root root -\n"},
	{"x=/srv/a.conf; mkdir ${x%.conf} ${x##*/}z/.. /srv/${y:-d}",
		"! 2: an argument is only known at run time\n"},
	{"mkdir /srv/$(basename /x/y.z .z) `dirname /opt/b/c`",
		"tmpfiles d /srv/y 0755 root root -\ntmpfiles d /opt/b 0755 root root -\n"},
	{"f() { local a=1 b=\"$(ls)\"; mkdir /srv/$a; }\nf",
		"tmpfiles d /srv/1 0755 root root -\n"},
	{"x=1; export y=$(ls); mkdir /srv/$x", "tmpfiles d /srv/1 0755 root root -\n"},
	{"x=1; export $(ls); mkdir \"/srv/$x\"",
		"! 2: which file this is about is only known at run time\n"},
	{"IFS=:; x=a::b; set -- $x; mkdir \"/srv/$2\"",
		"! 2: which file this is about is only known at run time\n"},
	{"[ \"$(id -u)\" = 0 ] && ldconfig", "cache ldconfig\n"},
	{"modprobe x || frob", "nothing acts on the running system; an image is not running\n"
			       "!? 2: no rule for command 'frob'\n"},
	{"exec >/var/log/x; echo a",
		"! 2: writes text that is only known at run time to /var/log/x\n"},
	{"sort -o /etc/x /etc/y", "! 2: may write its result to a file\n"},
	{". /etc/default/demo\nmkdir $DIR", "! 3: an argument is only known at run time\n"},
	{"X=a; . /usr/lib/other/functions\nmkdir /srv/$X",
		"! 2: runs /usr/lib/other/functions, whose commands are not known here\n"
		"! 3: an argument is only known at run time\n"},
	{"$CMD x", "! 2: which command this is is known only at run time\n"},
	{"eval ls", "! 2: no rule for command 'eval'\n"},
	{"[[ $1 == configure ]] && ldconfig",
		"cache? ldconfig\n! 2: '[[' of bash is not followed\n"},
	{"/usr/lib/demo/chmod 1 /x", "! 2: no rule for command '/usr/lib/demo/chmod'\n"},
	{"/usr/bin/chmod 0600 /etc/demo/main.conf",
		"set-attr /etc/demo/main.conf: mode 0600, owner -, group -\n"},
	{"if dpkg --compare-versions \"$2\" lt 1.0; then ldconfig; fi\n"
	 "if dpkg --compare-versions \"$2\" lt-nl 1.0; then nonsense; fi\n"
	 "dpkg --compare-versions 1:1.0 gt 2.0~rc1 && depmod",
		"cache ldconfig\ncache depmod\n"},
	{"[ \"$(dpkg --print-architecture)\" = amd64 ] && ldconfig", "cache ldconfig\n"},
	{"echo hi >&2; printf 'x\\n'; cat <<E\nhello\nE\n", ""},
	{"grep x /etc/y | sed s/a/b/ | awk '{print $1}' >/dev/null 2>&1", ""},
	{"awk '{system(\"x\")}' /x; sed -i s/a/b/ /etc/x; find / -delete",
		"! 2: an awk program that may write or run\n! 2: edits a file in place\n"
		"! 2: '-delete' of find acts on files that are known only at run time\n"},
	{"ls | xargs rm -f; ls | xargs -n 1 grep x",
		"! 2: which file this is about is only known at run time\n"},
};

static void test_flow(void)
{
	check_rows(STRAKE_SCRIPT_POSTINST, flow_rows, G_N_ELEMENTS(flow_rows));
}

// -- files

static const Row file_rows[] = {
	{"mkdir -p /var/lib/x", "tmpfiles d /var/lib/x 0755 root root -\n"},
	{"mkdir -m 700 /var/lib/x; chown a:b /var/lib/x", "tmpfiles d /var/lib/x 0700 a b -\n"},
	{"umask 027; mkdir /var/x; echo a > /etc/x",
		"tmpfiles d /var/x 0750 root root -\nfile /etc/x: 2 bytes, mode 0640\n  |a\n|\n"},
	{"mkdir -p /usr/share/demo /etc", "nothing the directory is there already\n"},
	{"install -d -m 0750 -o a -g b /var/lib/x /var/lib/y",
		"tmpfiles d /var/lib/x 0750 a b -\ntmpfiles d /var/lib/y 0750 a b -\n"},
	{"install -d -m u=rwx,g=rx,o= /var/x", "tmpfiles d /var/x 0750 root root -\n"},
	{"mkdir /var/x; chmod g+ws,o-rx /var/x", "tmpfiles d /var/x 2770 root root -\n"},
	{"chmod g+s /var/lib/demo; chown 0:adm /var/lib/demo",
		"set-attr /var/lib/demo: mode 2755, owner root, group adm\n"},
	{"chown -R a:b /var/lib/demo; chmod 700 /var/lib/demo",
		"set-attr /var/lib/demo and below: mode 0700, owner a, group b\n"},
	{"chown -R a:b /var/log/other; chmod 700 /var/log/other",
		"tmpfiles z /var/log/other 0700 - -\nZ /var/log/other - a b\n"},
	{"chmod -R 700 /var/lib/demo", "! 2: sets modes of a whole tree\n"},
	{"chmod o-r /var/log/other", "! 2: mode 'o-r' needs the present mode of /var/log/other\n"},
	{"chown www-data: /var/lib/demo",
		"set-attr /var/lib/demo: mode -, owner www-data, group www-data\n"},
	{"chown a: /x", "! 2: the login group of 'a:' is not known\n"},
	{"adduser --system --group a; chown a: /var/lib/demo",
		"sysusers u a - - - -\nset-attr /var/lib/demo: mode -, owner a, group a\n"},
	{"mkdir /var/x; which y && chmod 700 /var/x", "tmpfiles? d /var/x 0700 root root -\n"},
	{"mkdir -m 755 /var/x; which y && chmod 700 /var/x",
		"tmpfiles d /var/x 0755 root root -\n"
		"!? 2: mode or owner of /var/x depends on the system\n"},
	{"ln -s ../a /etc/b; ln -sf ../a /etc/b", "link L /etc/b - - - - ../a\n"
						  "nothing the link is there already\n"},
	{"ln -s a /etc/b; ln -sf c /etc/b",
		"link L /etc/b - - - - a\n! 2: /etc/b gets two targets\n"},
	{"ln -s /x/y /etc/demo", "link L /etc/demo/y - - - - /x/y\n"},
	{"ln -s x /usr/bin/demo", "! 2: puts a link in the place of /usr/bin/demo\n"},
	{"ln a b", "! 2: only 'ln -s TARGET LINK' has a rule\n"},
	{"rmdir /var/run; ln -s /run /var/run", "link L /var/run - - - - /run\n"},
	{"rmdir /var/run", "! 0: takes away the package's directory /var/run\n"},
	{"cp /usr/share/demo/demo.conf /etc/demo.conf",
		"copy /etc/demo.conf from /usr/share/demo/demo.conf\n"},
	{"[ -e /etc/demo.conf ] || cp -p /usr/share/demo/demo.conf /etc/",
		"copy? /etc/demo.conf from /usr/share/demo/demo.conf\n"},
	{"if [ -e /etc/x ]; then cp /usr/share/demo/demo.conf /etc/x; fi\n"
	 "[ ! -L /etc/y ] || ln -sf a /etc/y\n! test -f /etc/z || echo a > /etc/z\n"
	 "if ! [ -e /etc/w ]; then echo a > /etc/w; fi",
		"nothing? renews what an older system has: not there on a new one\n"
		"nothing? renews what an older system has: not there on a new one\n"
		"nothing? renews what an older system has: not there on a new one\n"
		"file? /etc/w: 2 bytes, mode 0644\n  |a\n|\n"},
	{"cp -a /usr/share/demo /var/x", "copy /var/x from /usr/share/demo\n"},
	{"cp /usr/share/demo/demo.conf /etc/cron.d; ln -s x /etc/nginx/sites-enabled",
		"! 2: /etc/cron.d may be a directory of another package\n"
		"! 2: /etc/nginx/sites-enabled may be a directory of another package\n"},
	{"cp /usr/share/other/x /etc/x",
		"! 2: copies /usr/share/other/x, which is no file of this package\n"},
	{"cp /usr/share/demo/demo.conf /etc/demo/main.conf",
		"! 2: copies over /etc/demo/main.conf\n"},
	{"install -m 640 -o root -g adm /usr/share/demo/demo.conf /etc/x",
		"copy /etc/x from /usr/share/demo/demo.conf\n"},
	{"install -m 600 /dev/null /etc/x", "file /etc/x: 0 bytes, mode 0600\n  ||\n"},
	{"cat > /etc/x <<E\na $1\nE\nchmod 600 /etc/x",
		"file /etc/x: 12 bytes, mode 0600\n  |a configure\n|\n"},
	{"cat <<-'E' >/etc/x\n\ta $1\n\tE", "file /etc/x: 5 bytes, mode 0644\n  |a $1\n|\n"},
	{"{ echo a; echo -n b; printf '%s-%d\\n' c 1; } > /etc/x",
		"file /etc/x: 7 bytes, mode 0644\n  |a\nbc-1\n|\n"},
	{"echo a > /etc/x; echo b >> /etc/x", "file /etc/x: 4 bytes, mode 0644\n  |a\nb\n|\n"},
	{"echo a >> /etc/x", "! 2: appends to /etc/x, which this script did not make\n"},
	{"echo 'a\\tb\\c' > /etc/x; printf 'a\\101' > /etc/y",
		"file /etc/x: 3 bytes, mode 0644\n  |a\tb|\n"
		"! 2: writes text that is only known at run time to /etc/y\n"},
	{"echo $X > /etc/x", "! 2: writes text that is only known at run time to /etc/x\n"},
	{"{ echo a; which y && echo b; } > /etc/x",
		"! 2: writes text that is only known at run time to /etc/x\n"},
	{"if which y; then echo a > /etc/x; else echo b > /etc/x; fi",
		"file? /etc/x: 2 bytes, mode 0644\n  |a\n|\n"
		"!? 2: what /etc/x holds depends on the system\n"},
	{"echo a > /usr/bin/demo", "! 2: writes over /usr/bin/demo\n"},
	{"echo a > /run/x; : > /tmp/y; echo b > /dev/null",
		"nothing writes below /run, /tmp or a kernel file system: not part of an image\n"},
	{"echo a > /etc/x.new; mv /etc/x.new /etc/x", "file /etc/x: 2 bytes, mode 0644\n  |a\n|\n"},
	{"t=$(mktemp); sed s/a/b/ /etc/x > $t; rm -f \"$t\"", "nothing a temporary file\n"},
	{"t=$(mktemp); mv $t /etc/x", "! 2: the file's content was made at run time\n"},
	{"echo x | tee /etc/x", "file /etc/x: 2 bytes, mode 0644\n  |x\n|\n"},
	{"rm -f /etc/old /etc/old.d/*", "nothing not there on a new system\n"},
	{"mkdir /srv/a/b; rm -rf /srv/a", "tmpfiles d /srv/a/b 0755 root root -\n"
					  "! 2: may take away /srv/a, which a script made\n"},
	{"rm -rf /usr/share/demo", "! 2: takes away the package's /usr/share/demo\n"},
	{"rm -f $X", "! 2: which file this is about is only known at run time\n"},
	{"echo a > /etc/x; rm /etc/x", "nothing takes away what this script made\n"},
	{"if which y; then echo a > /etc/x; else rm -f /etc/x; fi",
		"file? /etc/x: 2 bytes, mode 0644\n  |a\n|\nnothing? not there on a new system\n"},
	{"[ -e /etc/old ] && mv /etc/old /etc/new",
		"nothing? moves a file of an older version: not there on a new system\n"},
	{"mv /etc/demo/main.conf /etc/x", "! 2: moves the package's file /etc/demo/main.conf\n"},
	{"touch /etc/x /usr/bin/demo",
		"file /etc/x: 0 bytes, mode 0644\n  ||\nnothing only the file's time changes\n"},
	{"touch /var/log/x; chmod 640 /var/log/x; chown a:adm /var/log/x; echo b > /var/y",
		"tmpfiles f /var/log/x 0640 a adm -\n"
		"file /var/y: 2 bytes, mode 0644\n  |b\n|\n"},
	{"mkdir '/var/a b' '/var/c%d'", "tmpfiles d \"/var/a b\" 0755 root root -\ntmpfiles d "
					"/var/c%%d 0755 root root -\n"},
	{"mkdir '/var/a\n/etc/b'", "tmpfiles d /var/a\\x0a/etc/b 0755 root root -\n"},
	{"setcap cap_net_raw+ep /usr/bin/demo", "capability /usr/bin/demo: cap_net_raw+ep\n"},
	{"setcap cap_net_raw+ep /usr/bin/other",
		"! 2: /usr/bin/other is no file of this package\n"},
};

static void test_files(void)
{
	check_rows(STRAKE_SCRIPT_POSTINST, file_rows, G_N_ELEMENTS(file_rows));
}

// -- accounts, units, Debian's tools

static const Row tool_rows[] = {
	{"adduser --system --group --home /var/lib/x --no-create-home --gecos 'The X' "
	 "--shell /bin/false --quiet x",
		"sysusers u x - \"The X\" /var/lib/x /bin/false\n"},
	{"adduser --system x", "sysusers u x -:nogroup - - -\n"},
	{"adduser --system --ingroup adm --uid 77 --home=/var/lib/x x",
		"sysusers u x 77:adm - /var/lib/x -\ntmpfiles d /var/lib/x 0755 x adm -\n"},
	{"adduser x adm; usermod -a -G video,audio x; gpasswd -a x tape",
		"sysusers m x adm\nsysusers m x video\nsysusers m x audio\nsysusers m x tape\n"},
	{"adduser --disabled-password x", "! 2: makes an account of a person\n"},
	{"adduser --system 'x y'", "! 2: not a plain account name\n"},
	{"adduser --system --frobnicate x", "! 2: option '--frobnicate' has no rule\n"},
	{"addgroup --system --gid 42 g; groupadd -r h", "sysusers g g 42\nsysusers g h -\n"},
	{"useradd -r -M -d / -s /usr/sbin/nologin -c 'a \"b\" %' x",
		"sysusers u x - \"a \\\"b\\\" %%\" / /usr/sbin/nologin\n"},
	{"if getent passwd x >/dev/null; then usermod -d /var/y x; else adduser --system x; fi",
		"sysusers? u x -:nogroup - - -\nnothing updates an account of older systems\n"},
	{"if getent passwd x >/dev/null; then usermod -d /var/y x; fi",
		"! 2: changes account 'x', which it did not make\n"},
	{"deb-systemd-helper unmask a.service >/dev/null || true\n"
	 "if deb-systemd-helper --quiet was-enabled a.service; then\n"
	 "deb-systemd-helper enable a.service; else deb-systemd-helper update-state a.service; fi",
		"nothing the state of units comes from presets\n"
		"preset enable unit a.service (system)\n"},
	{"deb-systemd-helper --user enable b.socket", "preset enable unit b.socket (user)\n"},
	{"deb-systemd-helper mask a", "! 2: 'mask' of deb-systemd-helper has no rule\n"},
	{"systemctl daemon-reload; systemctl enable a b.timer; systemctl is-active c",
		"nothing services start at boot from their unit files\n"
		"preset enable unit a.service (system)\npreset enable unit b.timer (system)\n"},
	{"systemctl edit x", "! 2: 'edit' of systemctl has no rule\n"},
	{"update-rc.d demo defaults; invoke-rc.d demo start",
		"nothing there is no System V init\n"
		"nothing services start at boot from their unit files\n"},
	{"update-alternatives --install /usr/bin/x x /usr/bin/demo 10 --slave /usr/share/x x.1 "
	 "/usr/share/demo/demo.conf --slave /usr/share/y y.1 /usr/share/absent",
		"alternative /usr/bin/x -> /usr/bin/demo (x, 10)\n"
		"alternative /usr/share/x -> /usr/share/demo/demo.conf (x.1 of x, 10)\n"
		"nothing the file behind the link is not in this package\n"},
	{"[ -e /y ] && update-alternatives --install /usr/bin/x x /y 10 --slave /a b "
	 "/usr/bin/demo",
		"nothing? the file behind the link is not in this package\n"},
	{"update-alternatives --install /usr/bin/x x $T 10",
		"! 2: an alternative that is only known at run time\n"},
	{"update-alternatives --remove x /y; update-alternatives --set x /y",
		"nothing no alternative is registered on a new system\n"
		"! 2: this use of update-alternatives has no rule\n"},
	{"dpkg-divert --package demo --no-rename --divert /lib/x.usr-is-merged --add /lib/x\n"
	 "dpkg-divert --remove --rename /y\ndpkg-divert --divert /z.demo --rename /z",
		"nothing a diversion for the merge of /usr, which is done\n"
		"nothing no diversion exists on a new system\n"
		"! 4: diverts /z of another package to /z.demo\n"},
	{"if ! dpkg-statoverride --list /usr/bin/demo; then\n"
	 "dpkg-statoverride --update --add root adm 2755 /usr/bin/demo; fi",
		"set-attr /usr/bin/demo: mode 2755, owner root, group adm\n"},
	{"dpkg-maintscript-helper rm_conffile /etc/x 1.0 -- \"$@\"",
		"nothing moves files of a version older than this distribution\n"},
	{"ucf --three-way --debconf-ok /usr/share/demo/demo.conf /etc/x; ucfr demo /etc/x",
		"copy /etc/x from /usr/share/demo/demo.conf\n"
		"nothing the package manager keeps changed configuration (%config(noreplace))\n"},
	{"ucf $(mktemp) /etc/x", "! 2: a configuration file that is made at run time\n"},
	{"apache2_invoke enmod demo",
		"link L /etc/apache2/mods-enabled/demo.conf - - - - ../mods-available/demo.conf\n"
		"link L /etc/apache2/mods-enabled/demo.load - - - - ../mods-available/demo.load\n"},
	{"apache2_invoke enmod ssl", "! 2: enables 'ssl', which is not in this package\n"},
	{"systemd-sysusers demo.conf; systemd-tmpfiles --create demo.conf; udevadm hwdb --update; "
	 "journalctl --update-catalog",
		"cache sysusers\ncache tmpfiles\ncache hwdb\ncache journal-catalog\n"},
	{". /usr/share/debconf/confmodule\ndb_get demo/yes\n[ \"$RET\" = true ] && ldconfig",
		"cache ldconfig\n"},
	{"db_get demo/no; if [ $RET = true ]; then nonsense; fi", ""},
	{"db_get demo/empty && [ -z \"$RET\" ] && ldconfig", "cache ldconfig\n"},
	{"db_get other/x; [ \"$RET\" = y ] && ldconfig", "cache? ldconfig\n"},
	{"db_set demo/name x; db_get demo/name; mkdir /srv/$RET",
		"nothing the answer is kept for this script only\n"
		"tmpfiles d /srv/x 0755 root root -\n"},
	{"trap 'rm -f /tmp/x' EXIT; trap - EXIT",
		"nothing only cleans up at the end of the script\n"},
	{"trap 'depmod' EXIT", "! 2: what is done at the end is not known\n"},
};

static void test_tools(void)
{
	check_rows(STRAKE_SCRIPT_POSTINST, tool_rows, G_N_ELEMENTS(tool_rows));
}

// -- the other scripts

static void test_other_scripts(void)
{
	static const Row preinst[] = {
		{"[ \"$1\" = install ] && [ -n \"$2\" ] && nonsense", ""},
		// Nothing of the package is there yet.
		{"rm -f /usr/bin/demo; test -e /usr/bin/demo && ldconfig",
			"nothing not there on a new system\ncache? ldconfig\n"},
	};
	static const Row postrm[] = {
		{"if [ \"$1\" = purge ]; then rm -rf /var/lib/x /etc/demo/main.conf $Y; frob; fi",
			"removal runs only when the package is removed\nghost /var/lib/x\n"},
		{"exit 0", ""},
	};
	static const Row config[] = {
		{"db_input high x; frobnicate", "nothing asks debconf's questions; the answers are "
						"the templates' defaults\n"},
	};

	check_rows(STRAKE_SCRIPT_PREINST, preinst, G_N_ELEMENTS(preinst));
	check_rows(STRAKE_SCRIPT_POSTRM, postrm, G_N_ELEMENTS(postrm));
	check_rows(STRAKE_SCRIPT_CONFIG, config, G_N_ELEMENTS(config));
}

static void test_not_shell(void)
{
	static const Row rows[] = {
		{"#!/usr/bin/perl -w\nprint 1;\n", "! 0: perl script\n"},
		{"#!/usr/bin/env python3\n", "! 0: python3 script\n"},
		{"\x7f"
		 "ELF",
			"! 0: no interpreter line\n"},
		{"#!/bin/sh\nif x\n",
			"! 0: postinst:3:1: found the end of the text, expected 'then'\n"},
		{"#!/bin/bash\necho 'a\\tb' >/etc/x\necho -e 'a\\tb' >/etc/y\n",
			"file /etc/x: 5 bytes, mode 0644\n  |a\\tb\n|\n"
			"file /etc/y: 4 bytes, mode 0644\n  |a\tb\n|\n"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeScriptPlan) plan = analyse(STRAKE_SCRIPT_POSTINST, rows[i].text);
		g_autofree char *result = dump(plan);

		g_assert_cmpstr(result, ==, rows[i].result);
		g_assert_nonnull(strake_script_plan_residue_sha256(plan, STRAKE_SCRIPT_POSTINST));
	}
}

// -- sections, residue, classes

#define SECTION                                                                                    \
	"# Automatically added by dh_installsystemd/13\n"                                          \
	"if [ \"$1\" = configure ]; then\n\tdeb-systemd-helper enable demo.service\nfi\n"          \
	"# End automatically added section\n"

static void test_residue(void)
{
	static const struct {
		const char *text;
		const char *residue;
		StrakeScriptClass class;
	} rows[] = {
		{"#!/bin/sh\nset -e\n" SECTION "exit 0\n", NULL, STRAKE_SCRIPT_CLASS_TRIVIAL},
		{"#!/bin/sh\nset -e\n\n# why\nldconfig  # note\n" SECTION "\nexit 0\n",
			"set -e\nldconfig\nexit 0\n", STRAKE_SCRIPT_CLASS_HANDLED},
		// A comment sign inside a string or here-document is text.
		{"#!/bin/sh\necho '# x'\ncat <<E\n# y\nE\n", "echo '# x'\ncat <<E\n# y\nE\n",
			STRAKE_SCRIPT_CLASS_TRIVIAL},
		{"#!/bin/sh\nfrob\n", "frob\n", STRAKE_SCRIPT_CLASS_OVERLAY},
		// A generated section that is not understood is for an overlay to note.
		{"#!/bin/sh\n" SECTION "# Automatically added by dh_php/1\nphpenmod x\n# End "
		 "automatically added section\n" SECTION,
			"phpenmod x\n", STRAKE_SCRIPT_CLASS_OVERLAY},
		// An unknown generator is no reason to trust its text.
		{"#!/bin/sh\n# Automatically added by dh_frob/1\nfrob\n# End automatically added "
		 "section\n",
			"frob\n", STRAKE_SCRIPT_CLASS_OVERLAY},
		// A section that never ends is no section.
		{"#!/bin/sh\n# Automatically added by dh_python3\nfrob\n", "frob\n",
			STRAKE_SCRIPT_CLASS_OVERLAY},
		{"#!/bin/sh\ncat <<E >/dev/null\n# Automatically added by dh_python3\nE\nfrob\n"
		 "# End automatically added section\n",
			"cat <<E >/dev/null\n# Automatically added by dh_python3\nE\nfrob\n",
			STRAKE_SCRIPT_CLASS_OVERLAY},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeScriptPlan) plan = analyse(STRAKE_SCRIPT_POSTINST, rows[i].text);

		g_test_message("%s", rows[i].text);
		g_assert_cmpstr(strake_script_plan_residue(plan, STRAKE_SCRIPT_POSTINST), ==,
			rows[i].residue);
		g_assert_true((strake_script_plan_residue_sha256(plan, STRAKE_SCRIPT_POSTINST) ==
				      NULL) == (rows[i].residue == NULL));
		g_assert_cmpint(strake_script_plan_class(plan), ==, rows[i].class);
	}
}

/** The hash holds still while comments, blanks and debhelper change, and moves with the code. */
static void test_residue_hash(void)
{
	static const char *const same[] = {"#!/bin/sh\nldconfig\n",
		"#!/bin/sh\n\n# c\nldconfig   \n" SECTION, "#! /bin/sh -e\nldconfig # d\n\n\n"};
	g_autoptr(StrakeScriptPlan) other =
		analyse(STRAKE_SCRIPT_POSTINST, "#!/bin/sh\nldconfig -v\n");
	g_autofree char *first = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
		g_autoptr(StrakeScriptPlan) plan = analyse(STRAKE_SCRIPT_POSTINST, same[i]);
		const char *hash = strake_script_plan_residue_sha256(plan, STRAKE_SCRIPT_POSTINST);

		if (first == NULL)
			first = g_strdup(hash);
		g_assert_cmpstr(hash, ==, first);
	}
	g_assert_cmpstr(
		first, !=, strake_script_plan_residue_sha256(other, STRAKE_SCRIPT_POSTINST));
}

static void test_lines(void)
{
	static const char text[] =
		"#!/bin/sh\nif [ -n \"$2\" ]; then\n\tfoo\nfi\nldconfig\nfrob \\\n x\n";
	static const StrakeScriptLineState want[] = {STRAKE_SCRIPT_LINE_BLANK,
		STRAKE_SCRIPT_LINE_HANDLED, STRAKE_SCRIPT_LINE_NOT_REACHED,
		STRAKE_SCRIPT_LINE_BLANK, STRAKE_SCRIPT_LINE_HANDLED, STRAKE_SCRIPT_LINE_UNHANDLED,
		STRAKE_SCRIPT_LINE_UNHANDLED};
	g_autoptr(StrakeScriptPlan) plan = analyse(STRAKE_SCRIPT_POSTINST, text);

	g_assert_cmpuint(
		strake_script_plan_n_lines(plan, STRAKE_SCRIPT_POSTINST), ==, G_N_ELEMENTS(want));
	for (unsigned i = 0; i < G_N_ELEMENTS(want); i++)
		g_assert_cmpint(
			strake_script_plan_line(plan, STRAKE_SCRIPT_POSTINST, i + 1, NULL, NULL),
			==, want[i]);
}

static void test_sections(void)
{
	g_autoptr(StrakeScriptPlan) plan = analyse(STRAKE_SCRIPT_POSTINST, "#!/bin/sh\n" SECTION);
	const StrakeScriptAction *action = strake_script_plan_action(plan, 0);
	g_autoptr(StrakeScriptPlan) nss = analyse(STRAKE_SCRIPT_POSTINST,
		"#!/bin/sh\n# Automatically added by dh_installnss/1\nif grep x "
		"/etc/nsswitch.conf; "
		"then\nsed -i x /etc/nsswitch.conf\nfi\n# End automatically added section\n");
	g_autofree char *result = dump(nss);

	g_assert_cmpstr(action->section, ==, "installsystemd");
	g_assert_cmpstr(action->name, ==, "demo.service");
	g_assert_cmpstr(action->command, ==, "deb-systemd-helper enable demo.service");
	g_assert_cmpuint(action->line, ==, 4);
	g_assert_cmpstr(result, ==, "cache nsswitch\n");
}

/** A config script that sets answers takes away what the templates say. */
static void test_config_changes_answers(void)
{
	static const char *const configs[] = {"#!/bin/sh\nif x; then db_set demo/yes false; fi\n",
		"#!/bin/sh\ndb_set $x false\n", "#!/usr/bin/perl\n", "#!/bin/sh\n. /usr/lib/x\n"};
	static const char text[] = "#!/bin/sh\ndb_get demo/yes\n[ $RET = true ] && ldconfig\n";

	for (size_t i = 0; i < G_N_ELEMENTS(configs); i++) {
		g_autoptr(GBytes) config = g_bytes_new(configs[i], strlen(configs[i]));
		g_autoptr(GBytes) postinst = g_bytes_new(text, strlen(text));
		g_autoptr(GBytes) templates = g_bytes_new(TEMPLATES, strlen(TEMPLATES));
		StrakeScriptInput in = {.package = "demo", .templates = templates};
		g_autoptr(StrakeScriptPlan) plan = NULL;

		in.scripts[STRAKE_SCRIPT_CONFIG] = config;
		in.scripts[STRAKE_SCRIPT_POSTINST] = postinst;
		plan = strake_script_analyse(&in, NULL);
		g_assert_cmpuint(strake_script_plan_n_actions(plan), ==, 2);
		g_assert_true(strake_script_plan_action(plan, 1)->maybe);
	}
}

static void test_limits(void)
{
	static const char *const rows[] = {
		"x=a; for i in 1 2 3 4 5 6 7 8 9; do for j in 1 2 3 4 5 6 7 8 9; do x=$x$x; done; "
		"done",
		"f() { f; f; }\nf",
		"while true; do :; done",
		"while :; do while :; do which x && break; done; done",
		"f() { g; g; }; g() { h; h; }; h() { i; i; }; i() { j; j; }; j() { k; k; }; "
		"k() { l; l; }; l() { m; m; }; m() { n; n; }; n() { o; o; }; o() { f; }; f",
	};
	g_autofree char *large = g_strnfill(STRAKE_SCRIPT_MAX_BYTES + 1, 'a');
	g_autoptr(GBytes) bytes = g_bytes_new(large, STRAKE_SCRIPT_MAX_BYTES + 1);
	StrakeScriptInput in = {.package = "demo"};
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("#!/bin/sh\n", rows[i], "\n", NULL);
		g_autoptr(StrakeScriptPlan) plan = analyse(STRAKE_SCRIPT_POSTINST, text);

		g_assert_nonnull(plan);
	}
	in.scripts[STRAKE_SCRIPT_POSTRM] = bytes;
	g_assert_null(strake_script_analyse(&in, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_LIMIT);
}

/** bsearch needs the tables sorted. */
static void test_tables(void)
{
	size_t count;
	const ScriptCommand *commands = script_command_table(&count);
	g_autofree char *rules = strake_script_rules();
	const char *const *sections;

	for (size_t i = 1; i < count; i++)
		g_assert_cmpint(strcmp(commands[i - 1].name, commands[i].name), <, 0);
	for (size_t i = 0; i < count; i++)
		if (commands[i].handler == script_cmd_nothing ||
			commands[i].handler == script_cmd_cache)
			g_assert_nonnull(commands[i].data);
	g_assert_null(strstr(rules, "\n?\n"));
	sections = script_section_table(&count);
	for (size_t i = 1; i < count; i++)
		g_assert_cmpint(strcmp(sections[i - 1], sections[i]), <, 0);
}

static void test_glob(void)
{
	static const struct {
		const char *pattern;
		const char *text;
		bool match;
	} rows[] = {
		{"*", "", true},
		{"a*b", "axxb", true},
		{"a*b", "axxc", false},
		{"a?c", "abc", true},
		{"[a-c]x", "bx", true},
		{"[!a-c]x", "bx", false},
		{"[]x]", "]", true},
		{"\\*", "*", true},
		{"\\*", "a", false},
		{"[a", "[a", true},
		{"a*a*a*b", "aaaaaa", false},
		{"*.conf", "x.conf", true},
		{"", "", true},
		{"", "a", false},
		{"[\\]]", "]", true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("%s %s", rows[i].pattern, rows[i].text);
		g_assert_true(script_glob_match(rows[i].pattern, rows[i].text) == rows[i].match);
	}
}

static void test_guards(void)
{
	static const Row rows[] = {
		{"ldconfig", NULL},
		{"if [ -x /a ]; then ldconfig; fi", "if [ -x /a ]"},
		{"if [ -x /a ]; then :; else ldconfig; fi", "unless [ -x /a ]"},
		{"[ -x /a ] || ldconfig", "unless [ -x /a ]"},
		{"[ -x /a ] && ldconfig", "if [ -x /a ]"},
		{"case $X in a) ldconfig;; esac", "by case $X"},
		{"[ -x /a ] || exit 0\nldconfig", "if [ -x /a ]"},
		{"for i in $X; do ldconfig; done", "for each of a list known at run time"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("#!/bin/sh\n", rows[i].text, "\n", NULL);
		g_autoptr(StrakeScriptPlan) plan = analyse(STRAKE_SCRIPT_POSTINST, text);

		g_test_message("%s", rows[i].text);
		g_assert_cmpuint(strake_script_plan_n_actions(plan), ==, 1);
		g_assert_cmpstr(strake_script_plan_action(plan, 0)->guard, ==, rows[i].result);
	}
}

static void test_no_scripts(void)
{
	StrakeScriptInput in = {.package = "demo"};
	g_autoptr(StrakeScriptPlan) plan = strake_script_analyse(&in, NULL);

	g_assert_cmpint(strake_script_plan_class(plan), ==, STRAKE_SCRIPT_CLASS_NONE);
	g_assert_cmpuint(strake_script_plan_n_actions(plan), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/script/flow", test_flow);
	g_test_add_func("/script/files", test_files);
	g_test_add_func("/script/tools", test_tools);
	g_test_add_func("/script/other-scripts", test_other_scripts);
	g_test_add_func("/script/not-shell", test_not_shell);
	g_test_add_func("/script/residue", test_residue);
	g_test_add_func("/script/residue-hash", test_residue_hash);
	g_test_add_func("/script/lines", test_lines);
	g_test_add_func("/script/sections", test_sections);
	g_test_add_func("/script/config", test_config_changes_answers);
	g_test_add_func("/script/limits", test_limits);
	g_test_add_func("/script/tables", test_tables);
	g_test_add_func("/script/glob", test_glob);
	g_test_add_func("/script/guards", test_guards);
	g_test_add_func("/script/none", test_no_scripts);
	return g_test_run();
}

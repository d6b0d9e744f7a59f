# collect.sh - what COPY --installed does, for builders that do not know it: lays the installed files
# and all that they need to run into the directory $image, which a COPY then takes.
#
# It becomes one RUN instruction: comments and indentation go, and lines are joined by blanks, so
# each line ends where a shell takes a blank for a line break. POSIX, for dash and busybox. In front
# of it stand the variables
#   image, destdir    directories: what is made, what DESTDIR was
#   mark              a file written before the install step
#   classes           of files to take: runtime, dev, doc, debug
#   class_of          CLASS=GLOB where the rules are wrong, longest glob first
#   only              base names to take; empty: all
#   closure, strip, files  "yes", or empty: libraries; without symbols; passwd and its like
#   debug             "yes": not the files, but what strip takes out of them
#   dlopen, data      as in a recipe
#   entrypoint        program that must be there, or empty
#   base              root of the image that this is laid on; empty: nothing is there
#   user              name for 65532 in passwd
# shellcheck disable=SC2154 # see above
set -eu;
umask 022;
mkdir -p "$image" "$destdir";
fail() { echo "error: $1" >&2; exit 1; };

# The rules of slim/class.c.
class_by_rule() {
    case "$1" in
    */lib/debug/*|*/src/debug/*|*.debug|*.dwo|*.dwp|*/share/gdb/auto-load/*) echo debug ;;
    */share/doc/*|*/share/doc-base/*|*/share/gtk-doc/*|*/share/devhelp/*|*/share/help/*) echo doc ;;
    /usr/doc/*|*/local/doc/*|*/share/man/*|*/man/man*|*/share/info/*|*/share/*/examples/*) echo doc ;;
    */share/bash-completion/*|*/etc/bash_completion.d/*|*/share/fish/*completions*) echo doc ;;
    */share/zsh/site-functions/*|*/share/zsh/vendor-completions/*) echo doc ;;
    */share/lintian/*|*/share/bug/*|*/share/metainfo/*|*/share/appdata/*) echo doc ;;
    /etc/*|/usr/etc/*|/usr/local/etc/*|*.bpf.o) echo runtime ;;
    *.h|*.hh|*.hpp|*.hxx) echo dev ;;
    */share/*/include/*) echo runtime ;;
    */include/*|*.gch|*/pkgconfig/*.pc|*/lib/cmake/*|*/lib64/cmake/*|*/lib/*-linux-*/cmake/*) echo dev ;;
    */share/cmake/*|*/cmake/*.cmake|*Config.cmake|*ConfigVersion.cmake) echo dev ;;
    *-config.cmake|*-config-version.cmake|*/share/aclocal/*|*/share/aclocal-[0-9]*/*) echo dev ;;
    */share/gir-1.0/*|*/share/vala/*|*/share/vala-[0-9]*/*|*/mkspecs/*|*.prl) echo dev ;;
    */lib/rpm/macros.d/*|*/share/dbus-1/interfaces/*|*/lib/python*/config-*/*) echo dev ;;
    */bin/*-config|*.a|*.la|*.o) echo dev ;;
    */lib/lib*.so|*/lib32/lib*.so|*/lib64/lib*.so|*/libx32/lib*.so|*/*-linux-*/lib*.so)
        if [ -L "$2" ]; then
            case "$(readlink "$2")" in
            *.so.[0-9]*) echo dev ;;
            *) echo runtime ;;
            esac;
        elif [ "$(head -c 4 "$2" | tail -c 3)" = ELF ]; then
            echo runtime;
        else
            echo dev;
        fi ;;
    *) echo runtime ;;
    esac;
};
# class_of PATH-IN-IMAGE FILE, in a shell of its own
class_of() {
    set -f;
    for rule in $class_of; do
        case "$1" in ${rule#*=}) echo "${rule%%=*}"; return 0 ;; esac;
    done;
    class_by_rule "$1" "$2";
};
# Directories by their real names: a base may have /lib as a link to usr/lib.
real() { echo "$(cd "$(dirname "$1")" && pwd -P | sed 's|^/$||')/$(basename "$1")"; };
put() {
    mkdir -p "$image$(dirname "$2")";
    if [ -d "$1" ] && [ ! -L "$1" ]; then
        mkdir -p "$image$2";
    elif [ -L "$1" ]; then
        link=$(readlink "$1");
        case "$link" in "$destdir"/*) link=${link#"$destdir"} ;; esac;
        ln -sfn "$link" "$image$2";
    else
        cp "$1" "$image$2";
        if [ -x "$1" ]; then chmod a+rx,u+w,go-w "$image$2"; else chmod a+r,u+w,go-w "$image$2"; fi;
        if [ -u "$1" ]; then chmod u+s "$image$2"; fi;
        if [ -g "$1" ]; then chmod g+s "$image$2"; fi;
    fi;
};
# install_one FILE PATH-IN-IMAGE
install_one() {
    case " $classes " in *" $(class_of "$2" "$1") "*) ;; *) return 0 ;; esac;
    if [ -n "$only" ]; then
        case " $only " in *" $(basename "$2") "*) ;; *) return 0 ;; esac;
    fi;
    put "$1" "$2";
};

# The installed set: what is below DESTDIR, and what an install that ignores it wrote elsewhere.
( cd "$destdir" && find . ! -type d -o -type d -empty ) | sed -n 's|^\./|/|p' |
while IFS= read -r path; do
    install_one "$destdir$path" "$path";
done;
newer=-newer;
if find / -prune -cnewer "$mark" >/dev/null 2>&1; then newer=-cnewer; fi;
for dir in tmp root home run proc sys dev src build var/cache var/tmp var/log var/run; do
    set -- "$@" -path "/$dir" -o;
done;
find / \( "$@" -path "$destdir" -o -path "$image" -o -path "$mark" -o -path "${base:-$mark}" \) -prune -o ! -type d $newer "$mark" -print |
while IFS= read -r path; do
    if [ -L "$path" ] && [ "$(dirname "$path")" = / ]; then continue; fi;
    case "$path" in
    /etc/ld.so.cache|/etc/resolv.conf|/etc/hosts|/etc/hostname|/etc/mtab|/usr/share/info/dir|/.dockerenv) ;;
    *) install_one "$path" "$path" ;;
    esac;
done;
[ -n "$(ls -A "$image")" ] || fail "the install step installed nothing of class $classes";
for name in $only; do
    [ -n "$(find "$image" -name "$name")" ] || fail "$name is not among the installed files";
done;

if [ "$debug" = yes ]; then
    command -v objcopy >/dev/null || fail "debug files need objcopy, which this stage does not have";
    mv "$image" "$image.whole" && mkdir "$image";
    find "$image.whole" -type f | sort |
    while IFS= read -r file; do
        readelf -SW "$file" 2>/dev/null | grep -q '[.]symtab\|[.]debug_info' || continue;
        id=$(readelf -n "$file" 2>/dev/null | sed -n 's/^ *Build ID: //p');
        [ -n "$id" ] || continue;
        to=$image/usr/lib/debug/.build-id/$(echo "$id" | cut -c1-2);
        mkdir -p "$to";
        objcopy --only-keep-debug "$file" "$to/$(echo "$id" | cut -c3-).debug";
    done;
    rm -r "$image.whole";
    [ -n "$(ls -A "$image")" ] || fail "no installed program has debug information";
fi;

if [ "$strip" = yes ] && command -v strip >/dev/null; then
    find "$image" -type f ! -name '*.a' ! -name '*.o' ! -name '*.debug' |
    while IFS= read -r file; do
        strip --strip-unneeded "$file" 2>/dev/null || :;
    done;
fi;

# The libraries: what the loader says it would load, down to the loader itself.
is_default() {
    case "$1" in
    /lib/*/*/*|/usr/lib/*/*/*) return 1 ;;
    /lib/*-linux-*/*|/usr/lib/*-linux-*/*) return 0 ;;
    /lib/*/*|/usr/lib/*/*) return 1 ;;
    /lib*/*|/usr/lib/*|/usr/lib64/*) return 0 ;;
    *) return 1 ;;
    esac;
};
loader_dir() { dirname "$(real "$(ldd "$(command -v sh)" | sed -n 's/.*[[:space:]]\(\/[^ ]*libc[.][^ ]*\) (.*/\1/p' | head -n 1)")"; };
# need PATH: a library or loader of this stage.
need() {
    if [ -n "$base" ] && [ -e "$base$1" ]; then return 0; fi;
    at=$(real "$1");
    if [ "$at" != "$1" ]; then
        top=/$(echo "$1" | cut -d/ -f2);
        below=${base:-/nonexistent};
        if [ -L "$top" ] && [ ! -e "$image$top" ] && [ ! -L "$image$top" ] && [ ! -e "$below$top" ]; then
            ln -s "$(readlink "$top")" "$image$top";
        elif [ ! -L "$image$top" ] && [ ! -L "$below$top" ]; then
            at=$1;
        fi;
    fi;
    if [ ! -e "$image$at" ]; then mkdir -p "$image$(dirname "$at")" && cp -L "$1" "$image$at"; fi;
};
# needs_of FILE: the libraries of a program, and a link where the loader looks for those it would
# only find through the cache of this stage.
needs_of() {
    found=$(LD_LIBRARY_PATH=$own ldd "$1" 2>&1) || return 0;
    missing=$(echo "$found" | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p; s/^Error loading shared library \([^:]*\):.*/\1/p');
    [ -z "$missing" ] || fail "${1#"$image"} needs $missing, which is nowhere in this stage";
    echo "$found" | sed -n 's/.*=> \(\/[^ ]*\) (.*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' |
    while IFS= read -r library; do
        path=${library#"$image"};
        if [ "$path" = "$library" ]; then need "$library"; path=$(real "$library"); fi;
        case "$path" in */../*|*/ld-*) continue ;; esac;
        if ! is_default "$path" && [ -n "$libc" ] && [ ! -e "$image$libc/$(basename "$path")" ]; then
            mkdir -p "$image$libc" && ln -s "$path" "$image$libc/$(basename "$path")";
        fi;
    done;
};
if [ "$closure" = yes ] && command -v ldd >/dev/null; then
    libc=$(loader_dir);
    own=$(find "$image" -name '*.so*' | sed 's|/[^/]*$||' | sort -u | tr '\n' :);
    for pattern in $dlopen; do
        library=$(find /lib/ /usr/lib/ /usr/local/lib/ -name "$pattern" ! -type d | head -n 1);
        [ -n "$library" ] || fail "no library here is called $pattern";
        need "$library";
    done;
    find "$image" -type f \( -perm -100 -o -name '*.so*' \) | sort |
    while IFS= read -r file; do needs_of "$file"; done;
fi;

if [ "$files" = yes ]; then
    mkdir -p "$image/etc" "$image/home/nonroot" "$image/tmp";
    chmod 1777 "$image/tmp";
    chmod 0700 "$image/home/nonroot" && chown 65532:65532 "$image/home/nonroot";
    printf '%s\n' 'root:x:0:0:root:/root:/sbin/nologin' 'nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin' "$user:x:65532:65532:$user:/home/nonroot:/sbin/nologin" >"$image/etc/passwd";
    printf '%s\n' 'root:x:0:' 'nobody:x:65534:' "$user:x:65532:" >"$image/etc/group";
    printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >"$image/etc/nsswitch.conf";
fi;
for what in $data; do
    case "$what" in
    ca-certificates)
        mkdir -p "$image/etc/ssl/certs" "$image/usr/lib/ssl";
        cp -L /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/";
        ln -sfn /etc/ssl/certs "$image/usr/lib/ssl/certs";
        ln -sfn /etc/ssl/certs/ca-certificates.crt "$image/usr/lib/ssl/cert.pem" ;;
    tzdata) mkdir -p "$image/usr/share" && cp -R /usr/share/zoneinfo "$image/usr/share/" ;;
    /*) mkdir -p "$image$(dirname "$what")" && cp -R "$what" "$image$(dirname "$what")/" ;;
    *) fail "there is no data called $what" ;;
    esac;
done;
if [ -n "$entrypoint" ]; then
    there=;
    case "$entrypoint" in
    */*) if [ -e "$image$entrypoint" ] || [ -L "$image$entrypoint" ]; then there=yes; fi ;;
    *) for dir in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
        if [ -e "$image$dir/$entrypoint" ] || [ -L "$image$dir/$entrypoint" ]; then there=yes; fi;
    done ;;
    esac;
    [ -n "$there" ] || fail "the entrypoint $entrypoint is not in the image";
fi

# files.Dockerfile - files and directories that no install rule knows, with the modes that installed
# files have.
#
# Parameters:
#   mounts    list of mounts that put the sources there
#   network   network of the step
#   files     list: source, destination, source, destination ...
#   destdir   where the install step puts its files

#? files
RUN --install --network=@network@ --mount=@mounts@ <<"EOF"
set -e; set -- @files@
while [ $# -gt 0 ]; do
    to=@destdir@$2
    if [ -d "$1" ]; then
        mkdir -p "$to"
        cp -R "$1/." "$to/"
        chmod -R u=rwX,go=rX "$to"
    elif [ -x "$1" ]; then
        install -D -m 0755 "$1" "$to"
    else
        install -D -m 0644 "$1" "$to"
    fi
    shift 2
done
EOF

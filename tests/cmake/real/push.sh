# An image goes to a registry under all of its tags and serves as a base from there, pinned or not.
cd "$work"
CASE=$SOURCE/tests/e2e/cli/manual
# shellcheck source=/dev/null
. "$SOURCE/tests/registry/lib.sh"
trap cleanup EXIT
start_registry main
cp -R "$SOURCE/examples/hello-cmake" "$work/hello"
sed -i "s|hello-image ENTRYPOINT|hello-image NAME $reg/acme/hello TAGS 1.0 latest ENTRYPOINT|" "$work/hello/CMakeLists.txt"
configure "$work/hello" "$work/b"
build "$work/b" --target hello-image-push
has "$work/log" "$reg/acme/hello@$(digest "$work/b")"
for tag in 1.0 latest; do
    curl -s -o /dev/null -D "$work/head" -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
        "http://$reg/v2/acme/hello/manifests/$tag"
    has "$work/head" "$(digest "$work/b")"
done
build "$work/b" --target hello-image-push
has "$work/log" ' 0 uploaded'

# On that image another one, made where the store knows nothing of it.
SLIPWAY_STORE=$work/store2
export SLIPWAY_STORE
at_end() { SLIPWAY_STORE=$work/store2 "$slipway" cache prune --all >/dev/null 2>&1 || true; SLIPWAY_STORE=$work/store; }
trap 'status=$?; at_end; (exit $status); cleanup' EXIT
mkdir "$work/second"
echo more >"$work/second/more"
cat >"$work/second/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.20)
project(second LANGUAGES NONE)
find_package(Slipway REQUIRED)
install(FILES more DESTINATION /etc)
add_container_image(second-image BASE $reg/acme/hello:1.0)
END
configure "$work/second" "$work/b2"
build "$work/b2" --target second-image
"$slipway" inspect "oci:$work/b2/second-image.oci" >"$work/config"
has "$work/config" "\"org.opencontainers.image.base.name\": \"$reg/acme/hello:1.0\""
has "$work/config" "\"org.opencontainers.image.base.digest\": \"$(digest "$work/b")\""
has "$work/config" '"org.opencontainers.image.title": "second"'

# Pinned: what the tag means later does not matter, and nothing else is allowed.
quietly "$slipway" lock -f "$work/b2/second-image.slipway" "$work/second"
has "$work/second/slipway.lock" "$reg/acme/hello:1.0 $(digest "$work/b")"
configure "$work/second" "$work/b2" -DSLIPWAY_LOCKED=ON
build "$work/b2" --target second-image
first=$(cat "$work/b2/second-image.digest")
sed -i "s/Hello,/Hallo,/" "$work/hello/hello.c"
build "$work/b" --target hello-image-push
rm "$work/b2/second-image.digest" "$work/b2/second-image.oci/index.json"
build "$work/b2" --target second-image
[ "$(cat "$work/b2/second-image.digest")" = "$first" ] || fail "a pinned base changed"
sed -i "s|hello:1.0|hello:latest|" "$work/second/CMakeLists.txt"
configure "$work/second" "$work/b2"
! "$CMAKE" --build "$work/b2" --target second-image >"$work/log" 2>&1 || fail "a base that is not pinned was used"
has "$work/log" "is not pinned in"

# The examples, as their READMEs say.
for example in hello-cmake cxx-service; do
    cp -R "$SOURCE/examples/$example" "$work/$example"
    configure "$work/$example" "$work/$example/build" -DCMAKE_BUILD_TYPE=Release
    build "$work/$example/build"
    build "$work/$example/build" --target images
    quietly "$CTEST" --test-dir "$work/$example/build" -C Debug --output-on-failure
    has "$work/log" '100% tests passed'
done
[ "$GENERATOR" = "Ninja Multi-Config" ] && out=build/Debug || out=build

quietly "$slipway" run "oci:$work/hello-cmake/$out/hello-static-image.oci" world
has "$work/log" '^Hello, world\.$'
"$slipway" explain --json "oci:$work/hello-cmake/$out/hello-static-image.oci" >"$work/static"
! grep -q 'libc\.so' "$work/static" || fail "a static program brought libc"
"$slipway" explain --json "oci:$work/cxx-service/$out/service-image.oci" >"$work/log"
for file in usr/local/bin/quote-service libquotes.so.1 libhttp.so.1 'libstdc[+][+].so.6' libc.so.6 \
    etc/quote-service/quotes.conf; do
    has "$work/log" "$file"
done
jq .files "$work/log" >"$work/files"
! grep -q 'quotes\.hpp\|libquotes\.so"\|test_quotes' "$work/files" || fail "what is not runtime got in"

for verb in tar eject explain; do
    build "$work/hello-cmake/build" --target hello-image-$verb
done
has "$work/hello-cmake/$out/hello-image.Dockerfile" '^FROM'

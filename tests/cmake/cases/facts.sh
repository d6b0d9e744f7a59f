# What project() says becomes facts of the image, whatever characters it has.
echo a >"$src/a"
printf 'FROM scratch\n' >"$src/Dockerfile"
mkdir "$src/sub"
cat >"$src/sub/CMakeLists.txt" <<'END'
project(Sub LANGUAGES NONE)
add_container_image(sub-image)
END
cat >"$src/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.16)
project(Demo VERSION 1.2.3 LANGUAGES NONE HOMEPAGE_URL "https://example.org/?a=b&c"
  DESCRIPTION "Says \"hi\"; costs $5
    # and more")
find_package(Slipway REQUIRED)
install(FILES a DESTINATION etc)
add_container_image(recipe-image)
add_container_image(docker-image DOCKERFILE Dockerfile)
add_subdirectory(sub)
END
configure
builds 3 images
for line in 'title = Demo' 'description = Says "hi"; costs $5 # and more' 'version = 1.2.3' \
    'url = https://example.org/?a=b&c'; do
    has "$out/recipe-image.slipway" "$line"
done
called '[--describe] [title=Demo] [--describe] [description=Says "hi"; costs $5 # and more] [--describe] [version=1.2.3] [--describe] [url=https://example.org/?a=b&c]'
has "$out/sub-image.slipway" 'title = Sub'
hasnt "$out/sub-image.slipway" 'version ='
nothing images
sed -i 's/1\.2\.3/1.2.4/' "$src/CMakeLists.txt"
builds 2 images

# A Dockerfile or recipe of the user's speaks for itself; what stands beside it becomes options.
printf 'FROM scratch\n' >"$src/Dockerfile"
mkdir "$src/sub"
printf '[image]\nname = other\n' >"$src/sub/other.slipway"
project NONE <<'END'
add_container_image(docker-image DOCKERFILE Dockerfile STAGE final NAME acme/d TAGS 1 2
  SECRETS token=key "other=/my key"
  ARGS A=1 "B=x y" LABELS l=1 ANNOTATIONS a=1 NETWORK none CONTEXT sub)
add_container_image(plain-image DOCKERFILE Dockerfile)
add_container_image(recipe-image RECIPE sub/other.slipway ARGS A=1 OUTPUT "${CMAKE_BINARY_DIR}/my images")
END
configure
builds 3 images
called "[build] [-f] [$src/Dockerfile] [-o] [type=oci,dest=$out/docker-image.oci]"
called "[--secret] [id=token,src=$src/key] [--secret] [id=other,src=/my key] [--frontend] [dockerfile] [-t] [acme/d:1] [-t] [acme/d:2] [--target] [final] [--network] [none] [--build-arg] [A=1] [--build-arg] [B=x y] [--label] [l=1] [--annotation] [a=1] [--describe] [title=Demo] [--describe] [version=1.2] [$src/sub]"
called "[--frontend] [dockerfile] [-t] [demo:latest] [--describe] [title=Demo] [--describe] [version=1.2] [$src]"
if is_multi; then mine="$bin/my images/Debug"; else mine="$bin/my images"; fi
called "[build] [-f] [$src/sub/other.slipway] [-o] [type=oci,dest=$mine/recipe-image.oci]"
called "[--frontend] [recipe] [--build-context] [build-tree=$bin] [--build-arg] [A=1] [--describe] [title=Demo] [--describe] [version=1.2] [$src/sub]"
nothing images
later
touch "$src/sub/other.slipway"
builds 1 images
nothing images

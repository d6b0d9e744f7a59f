# A Dockerfile or recipe of the user's, and an install step where nothing but FILES is installed.
makefile <<'END'
IMAGE := acme/prog:3
IMAGE_DOCKERFILE := sub/Dockerfile
IMAGE_STAGE := final
IMAGE_CONTEXT := sub
IMAGE_ARGS := A=1
IMAGE_LABELS := l=1
IMAGE_SECRETS := token=key other=/a=b
all: ; @touch made
include
END
mkdir sub
touch sub/Dockerfile
mk image
called "[build] [-f] [sub/Dockerfile] [--frontend] [dockerfile] [-t] [acme/prog:3] [--describe] [title=prog] [--describe] [version=3] [--target] [final] [--build-arg] [A=1] [--label] [l=1] [-o] [type=oci,dest=build/images/prog.oci]"
called "[--secret] [id=token,src=key] [--secret] [id=other,src=/a=b]"
[ ! -e made ] || fail "the tree was built for a Dockerfile"
[ ! -e build/images/prog.slipway ] || fail "a recipe was written"
makefile <<'END'
IMAGE := prog
IMAGE_FILES := prog.c:/src/prog.c
all: ; @touch made
include
END
mk image
has build/images/prog.slipway "install = true"
[ -e made ] || fail "the tree was not built"
mv Makefile other.mk
mk -f other.mk image IMAGE_FILES=
has build/images/prog.slipway "install = make -f 'other.mk' install DESTDIR=\"\$DESTDIR\" PREFIX='/usr/local' prefix='/usr/local'"

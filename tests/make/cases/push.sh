# image-push sends the layout to the name and every tag; a port is no tag.
makefile <<'END'
IMAGES := one two
one_NAME := localhost:5000/acme/one
one_TAGS := 1.2 latest
two_NAME := localhost:5000/acme/two:3
two_DOCKERFILE := Dockerfile
prog: prog.c
	$(CC) -o $@ $<
include
END
echo 'FROM scratch' >Dockerfile
mk image-push
calls 4
called "[push] [oci:build/images/one.oci] [localhost:5000/acme/one:1.2] [localhost:5000/acme/one:latest]"
called "[push] [oci:build/images/two.oci] [localhost:5000/acme/two:3]"
called "[-t] [localhost:5000/acme/two:3] [--describe] [title=two] [--describe] [version=3]"
mk image-push-two V=0
calls 2
called "[push] [-q] [oci:build/images/two.oci] [localhost:5000/acme/two:3]"
mk -n image-push
calls 0

# make.Dockerfile - a project with a Makefile, built in its source directory. The stage works in a
# layer over the sources: it sees every edit, and what it writes outlives the build and stays out
# of the user's tree.
#
# Parameters:
#   source       source directory in the stage
#   dir          where make runs
#   mounts       list of mounts that put them there
#   copied       given when no mount does, and a copy must
#   network      network of all steps
#   compile      given unless the project is built already
#   options      list of arguments of make, in every step
#   targets      list of targets to build
#   jobs         how many compilers at the same time, as text for a shell
#   level        the same as a number, when there is one
#   build        script in place of the build step
#   test         given when the project's tests are a gate
#   install      script in place of the install step
#   install-env  list of variables for it
#   variables    list of NAME=value that the build script gives to make
#   makeflags    the same, as make hands them to a make below it
#   prefix       installation prefix
#   destdir      where the install step puts its files

#@ dir
WORKDIR @dir@

#? copied
COPY . @source@

# What was built outside of this stage, with another toolchain perhaps, is not used.
#? compile
RUN --network=@network@ --mount=@mounts@ [ -e .slipway-stage ] || { make clean @options@ >/dev/null 2>&1; : >.slipway-stage; }

#? compile
#? !build
#@ targets
RUN --network=@network@ --mount=@mounts@ make -j@jobs@ @options@ @targets@

#? compile
#? build
#? level
ENV MAKEFLAGS=-j@level@ CMAKE_BUILD_PARALLEL_LEVEL=@level@

#? compile
#? build
RUN --network=@network@ --mount=@mounts@ @build@

#? test
RUN --test --network=@network@ --mount=@mounts@ if make -n check @options@ @variables@ >/dev/null 2>&1; then make check @options@ @variables@; else make test @options@ @variables@; fi

#? install-env
ENV @install-env@=@install-env@

# Not every Makefile knows all three; what lands outside of DESTDIR is taken as well.
#? !install
#@ prefix
RUN --install --network=@network@ --mount=@mounts@ make install DESTDIR=@destdir@ PREFIX=@prefix|/usr/local@ prefix=@prefix|/usr/local@ @options@ @variables@

#? install
ENV DESTDIR=@destdir@

# An install that does not know how the project was built would build it again, another way.
#? install
#? makeflags
ENV MAKEFLAGS=@makeflags@

#? install
RUN --install --network=@network@ --mount=@mounts@ @install@

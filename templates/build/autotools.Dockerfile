# autotools.Dockerfile - a project with a configure script, built in its source directory. The stage
# works in a layer over the sources: it sees every edit, and what it writes outlives the build and
# stays out of the user's tree.
#
# Parameters:
#   source       source directory in the stage
#   dir          where make runs
#   mounts       list of mounts that put them there
#   copied       given when no mount does, and a copy must
#   network      network of all steps
#   compile      given unless the project is built already
#   options      list of arguments of configure
#   prefix       installation prefix
#   targets      list of targets to build
#   jobs         how many compilers at the same time, as text for a shell
#   level        the same as a number, when there is one
#   build        script in place of the build step
#   test         given when the project's tests are a gate
#   install      script in place of the install step
#   install-env  list of variables for it
#   destdir      where the install step puts its files

#@ dir
WORKDIR @dir@

#? copied
COPY . @source@

#? compile
RUN --network=@network@ --mount=@mounts@ [ -e configure ] || autoreconf -fi

# A tree that was configured outside of this stage is configured anew, and what was built there is
# not used.
#? compile
#@ options
RUN --network=@network@ --mount=@mounts@ if [ ! -e .slipway-stage ] || [ ! -e config.status ] || [ configure -nt config.status ]; then ./configure --prefix=@prefix|/usr/local@ @options@ && { [ -e .slipway-stage ] || make clean >/dev/null 2>&1; : >.slipway-stage; }; fi

#? compile
#? !build
#@ targets
RUN --network=@network@ --mount=@mounts@ make -j@jobs@ @targets@

#? compile
#? build
#? level
ENV MAKEFLAGS=-j@level@ CMAKE_BUILD_PARALLEL_LEVEL=@level@

#? compile
#? build
RUN --network=@network@ --mount=@mounts@ @build@

#? test
RUN --test --network=@network@ --mount=@mounts@ make -j@jobs@ check

#? install-env
ENV @install-env@=@install-env@

#? !install
#@ prefix
RUN --install --network=@network@ --mount=@mounts@ make install DESTDIR=@destdir@

#? install
ENV DESTDIR=@destdir@

#? install
RUN --install --network=@network@ --mount=@mounts@ @install@

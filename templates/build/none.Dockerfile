# none.Dockerfile - no build system that is known: only what the recipe says itself.
#
# Parameters:
#   source       source directory in the stage
#   dir          where the scripts run
#   mounts       list of mounts that put them there
#   copied       given when no mount does, and a copy must
#   network      network of all steps
#   level        how many compilers at the same time, when there is a number
#   build        script that builds
#   install      script that installs
#   install-env  list of variables for it
#   destdir      where the install step puts its files

#@ dir
WORKDIR @dir@

#? copied
COPY . @source@

#? build
#? level
ENV MAKEFLAGS=-j@level@ CMAKE_BUILD_PARALLEL_LEVEL=@level@

#? build
RUN --network=@network@ --mount=@mounts@ @build@

#? install-env
ENV @install-env@=@install-env@

#? install
ENV DESTDIR=@destdir@

#? install
RUN --install --network=@network@ --mount=@mounts@ @install@

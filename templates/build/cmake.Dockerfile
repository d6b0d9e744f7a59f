# cmake.Dockerfile - a CMake project: configured, built, tested and installed. The build directory
# outlives the build, so that an edit compiles one file; configuring again in it is harmless.
#
# Parameters:
#   source       source directory in the stage
#   dir          build directory in the stage
#   mounts       list of mounts that put them there
#   copied       given when no mount does, and a copy must
#   network      network of all steps
#   compile      given unless the project is built already
#   images       given when the project may make images with Slipway, whose tests are then no gate
#   config       configuration, such as Release
#   generator    CMake generator
#   options      list of arguments for configuring
#   prefix       installation prefix; built in when configuring
#   targets      list of targets to build
#   jobs         how many compilers at the same time, as text for a shell
#   level        the same as a number, when there is one
#   build        script in place of the build step
#   test         given when the project's tests are a gate
#   install      script in place of the install step
#   install-env  list of variables for it
#   components   list of components to install
#   destdir      where the install step puts its files

#@ dir
WORKDIR @dir@

#? copied
COPY . @source@

# Images are not made in here: a project that asks for Slipway, however it gets it, finds functions
# that do nothing.
#? compile
#? images
RUN --network=@network@ --mount=@mounts@ mkdir -p .slipway && printf 'function(%s)\nendfunction()\n' add_container_image container_stage container_copy container_test | tee .slipway/SlipwayConfig.cmake >.slipway/CMakeLists.txt

# Ninja where it is installed; a build directory that has a generator keeps it.
#? compile
#@ options
RUN --network=@network@ --mount=@mounts@ @!generator@if [ ! -f CMakeCache.txt ] && command -v ninja >/dev/null; then set -- -G Ninja; fi; @/@cmake -S @source@ -B @dir@ @?generator@-G @generator@@/@ @!generator@"$@"@/@ -DCMAKE_BUILD_TYPE=@config@ @?images@--no-warn-unused-cli -DSlipway_DIR=@dir@/.slipway -DFETCHCONTENT_SOURCE_DIR_SLIPWAY=@dir@/.slipway -DSLIPWAY_STAGE=ON@/@ @?prefix@-DCMAKE_INSTALL_PREFIX=@prefix@@/@ @options@

#? compile
#? !build
#@ targets
RUN --network=@network@ --mount=@mounts@ cmake --build @dir@ --parallel @jobs@ --config @config@ @?targets@--target @targets@@/@

#? compile
#? build
#? level
ENV MAKEFLAGS=-j@level@ CMAKE_BUILD_PARALLEL_LEVEL=@level@

#? compile
#? build
RUN --network=@network@ --mount=@mounts@ @build@

#? test
RUN --test --network=@network@ --mount=@mounts@ ctest --output-on-failure @?images@-LE "^container$" @/@--parallel @jobs@ @?config@-C @config@@/@

#? install-env
ENV @install-env@=@install-env@

#? !install
#? !components
#@ prefix
RUN --install --network=@network@ --mount=@mounts@ DESTDIR=@destdir@ cmake --install @dir@ @?config@--config @config@@/@ @?prefix@--prefix @prefix@@/@

#? !install
#? components
RUN --install --network=@network@ --mount=@mounts@ for component in @components@; do DESTDIR=@destdir@ cmake --install @dir@ @?config@--config @config@@/@ @?prefix@--prefix @prefix@@/@ --component "$component" || exit; done

#? install
ENV DESTDIR=@destdir@

#? install
RUN --install --network=@network@ --mount=@mounts@ @install@

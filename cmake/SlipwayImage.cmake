#[=======================================================================[.rst:
add_container_image
-------------------

::

  add_container_image(<target>
    [NAME <repository>] [TAGS <tag>...]
    [TARGETS <target>...] [COMPONENTS <component>...] [FILES <file>... DESTINATION <dir>]
    [CLASSES runtime|dev|doc|debug...] [CLASS_OF <class> <glob>...] [PREFIX <dir>]
    [TOOLCHAIN tree|host|<template or image reference>] [PACKAGES <package>...]
    [RECIPE <file>] [DOCKERFILE <file> [STAGE <name>]] [CONTEXT <dir>]
    [BASE scratch|<image reference>|<image target>] [RUNTIME_PACKAGES <package>...]
    [DLOPEN <soname or glob>...] [DATA ca-certificates|tzdata|...]
    [STRICT] [ACKNOWLEDGE <need or program>...]
    [ENTRYPOINT <arg>...] [CMD <arg>...] [USER <user>] [WORKDIR <dir>] [ENV <K=V>...]
    [EXPOSE <port>...] [VOLUMES <dir>...] [STOPSIGNAL <signal>] [HEALTHCHECK <arg>...]
    [LABELS <K=V>...] [ANNOTATIONS <K=V>...] [ARGS <K=V>...]
    [SECRETS <id>=<file>...] [NETWORK none|host] [PLATFORMS <os/arch>]
    [TEST_GATE ON|OFF] [DEBUG_IMAGE] [SBOM spdx|cyclonedx] [SIZE_BUDGET <bytes>]
    [COMPRESSION gzip|zstd|none [LEVEL <n>]]
    [OUTPUT <dir>] [ALL])

Adds ``<target>``, which builds an OCI image when something that goes into it changed. Without
``TARGETS``, ``COMPONENTS`` and ``FILES`` that is everything the project installs. ``NAME`` is the
project's name in lower case, ``TAGS`` its version and ``latest``.

The function writes the recipe ``<build>/<target>.slipway`` and has the helper build it:

  <build>/<target>.oci/      OCI layout
  <build>/<target>.digest    digest of the manifest

With a multi-config generator both, and the recipe, are below ``<build>/<config>/``; ``OUTPUT``
names another directory. ``<build>`` is the top of the build tree. Generator expressions are
welcome in every value.

The image describes itself (``org.opencontainers.image.*``, as labels and annotations): title,
description, version and url come from ``project()``, source and revision from git, licenses from the
names of the files in ``LICENSES/``. What ``LABELS`` or ``ANNOTATIONS`` say wins; an empty value takes
one away. A commit makes a new manifest, and runs no command again.

``<target>-tar`` writes ``<target>.tar`` for `docker load` and `podman load`, ``<target>-load``
hands the image to them, unless they have it, ``<target>-push`` sends it to NAME, under each of TAGS.
``<target>-run`` and ``<target>-shell`` start the image, ``<target>-explain`` says
why each file is in it, ``<target>-graph`` what it is made from, ``<target>-report`` writes
``<target>.report.html``: where its bytes are. ``<target>-eject`` writes ``<target>.Dockerfile``. ``images`` builds all.

``DEBUG_IMAGE`` adds ``<target>-debug``, which builds ``<target>-debug.oci`` and its ``.digest``: the
same image with one more layer, the debug information of the project's own programs and libraries
beneath ``/usr/lib/debug/.build-id``, where debuggers look. Behind each of TAGS stands ``-debug``. They
must be compiled with ``-g`` (``CMAKE_BUILD_TYPE`` RelWithDebInfo); the image itself is the same with
it and without.

What an image is for is told by the programs in it: a toolchain file for another architecture makes
an image for that. ``PLATFORMS`` says which one it must be (``linux/arm64``), and anything else is an
error. It names one platform: several need a build tree for each.

``SBOM`` makes a bill of materials with the image: ``<build>/<target>.spdx.json`` (SPDX 2.3) or
``<target>.cdx.json`` (CycloneDX 1.5), which is attached to the image, too. ``<target>-sbom`` writes
that file in any case, as SPDX unless ``SBOM`` says otherwise.

With ``RECIPE`` or ``DOCKERFILE`` that file says what the image is, and only NAME, TAGS, TARGETS (to
build before), ARGS, SECRETS, LABELS, ANNOTATIONS, NETWORK, PLATFORMS, CONTEXT, SBOM, SIZE_BUDGET,
COMPRESSION, LEVEL, OUTPUT and ALL may stand beside it; and DEBUG_IMAGE beside a recipe that has
``debug-image = yes``.

``SIZE_BUDGET`` (bytes, ``20MB`` or ``20MiB``) fails the build when all files in all layers are larger
together, uncompressed; the image that was there stays. The debug image is not measured. ``COMPRESSION`` is
gzip unless another is given: docker before 23 cannot pull zstd. ``LEVEL`` is 1 to 12 for gzip, 1 to 19
for zstd.

``SECRETS`` names files that steps see with ``RUN --mount=type=secret,id=<id>`` and that are in no
image. They are read when the image is built; another content builds nothing again.

What an installed file is (runtime, dev, doc, debug) is told by where it is and what it is called;
``CLASS_OF`` says it where that is wrong: ``CLASS_OF doc /usr/share/foo/* none /usr/bin/*-test``. A
``*`` stands for ``/``, too; what is ``none`` is in no image.

What programs will miss at run time and no header says (certificates, time zones, a shell, libraries
that they open by name) is a note of the build. With ``STRICT`` it is an error, unless
``ACKNOWLEDGE`` says that they may go without: by the note's own word, or by the path of a program.

What names of images in registries mean is pinned by ``slipway.lock`` in the top source directory, if
it is there when CMake runs (``slipway lock -f <build>/<target>.slipway <source>`` writes it). With
``SLIPWAY_LOCKED`` nothing else is used.

Set ``SLIPWAY_TERMINAL`` for a live display in place of a log at the end.

container_stage, container_copy
-------------------------------

::

  container_stage(<image target> <stage> FROM <base> [STEPS <Dockerfile instruction>...])
  container_copy(<image target> FROM_STAGE <stage> <src>... DESTINATION <dst>)

Add a stage of one's own, and copy from it (or from another image) into the runtime stage.
#]=======================================================================]

function(add_container_image target)
  _slipway_parse("${target}" 1 "ALL;DEBUG_IMAGE;STRICT"
    "NAME;DESTINATION;PREFIX;TOOLCHAIN;RECIPE;DOCKERFILE;STAGE;CONTEXT;BASE;USER;WORKDIR;STOPSIGNAL;NETWORK;TEST_GATE;OUTPUT;SBOM;SIZE_BUDGET;COMPRESSION;LEVEL"
    "TAGS;TARGETS;COMPONENTS;FILES;CLASSES;CLASS_OF;PACKAGES;RUNTIME_PACKAGES;DLOPEN;DATA;ACKNOWLEDGE;ENTRYPOINT;CMD;ENV;EXPOSE;VOLUMES;HEALTHCHECK;LABELS;ANNOTATIONS;ARGS;SECRETS;PLATFORMS")
  _slipway_check_image("${target}")
  _slipway_check_files(arg_FILES)
  _slipway_check_class_of()

  string(TOLOWER "${PROJECT_NAME}" name)
  string(REGEX REPLACE "[^a-z0-9._-]" "-" name "${name}")
  if(arg_RECIPE OR arg_DOCKERFILE)
    set(name "")
  endif()
  if(NOT DEFINED arg_NAME)
    set(arg_NAME "${name}")
  endif()
  if(NOT arg_TAGS AND NOT arg_RECIPE)
    set(arg_TAGS ${PROJECT_VERSION} latest)
    if(arg_DOCKERFILE)
      set(arg_TAGS latest)
    endif()
  endif()
  foreach(path RECIPE DOCKERFILE CONTEXT)
    if(arg_${path})
      cmake_path(ABSOLUTE_PATH arg_${path} NORMALIZE)
    endif()
  endforeach()

  # Where things are. One directory per configuration where there are several.
  set(out "${CMAKE_BINARY_DIR}")
  if(arg_OUTPUT)
    cmake_path(ABSOLUTE_PATH arg_OUTPUT BASE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}" NORMALIZE
      OUTPUT_VARIABLE out)
  endif()
  set(state "${CMAKE_BINARY_DIR}/CMakeFiles/slipway")
  get_property(multi GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  file(MAKE_DIRECTORY "${state}" "${out}")
  set(recipe "${CMAKE_BINARY_DIR}/${target}.slipway")
  set(state "${state}/${target}")
  if(multi)
    list(TRANSFORM CMAKE_CONFIGURATION_TYPES PREPEND "${out}/" OUTPUT_VARIABLE directories)
    file(MAKE_DIRECTORY ${directories})
    string(APPEND out "/$<CONFIG>")
    string(APPEND state "-$<CONFIG>")
    set(recipe "${CMAKE_BINARY_DIR}/$<CONFIG>/${target}.slipway")
  endif()
  set(layout "${out}/${target}.oci")
  set(digest "${out}/${target}.digest")
  set(bill "${out}/${target}.spdx.json")
  if(arg_SBOM STREQUAL "cyclonedx")
    set(bill "${out}/${target}.cdx.json")
  endif()

  set(secrets "")
  foreach(pair IN LISTS arg_SECRETS)
    string(REGEX MATCH "^([^=]+)=(.+)$" pair "${pair}")
    set(id "${CMAKE_MATCH_1}")
    set(path "${CMAKE_MATCH_2}")
    if(NOT path MATCHES "^\\$<")
      cmake_path(ABSOLUTE_PATH path NORMALIZE)
    endif()
    list(APPEND secrets --secret "id=${id},src=${path}")
  endforeach()

  # What the helper is told, and what to wait for.
  set(waits "")
  set(packing "")
  if(arg_RECIPE OR arg_DOCKERFILE)
    set(recipe "${arg_RECIPE}${arg_DOCKERFILE}")
    if(arg_COMPRESSION)
      string(APPEND packing ",compression=${arg_COMPRESSION}")
    endif()
    if(arg_LEVEL)
      string(APPEND packing ",compression-level=${arg_LEVEL}")
    endif()
    _slipway_file_options(options)
  else()
    _slipway_image_recipe(text)
    set(context "${CMAKE_SOURCE_DIR}")
    if(arg_CONTEXT)
      set(context "${arg_CONTEXT}")
    endif()
    set(options "${context}")
  endif()
  if(TARGET "${arg_BASE}")
    get_property(base TARGET "${arg_BASE}" PROPERTY SLIPWAY_DIGEST)
    list(APPEND waits "${arg_BASE}" "${base}")
  endif()
  set(depfile "--depfile" "${state}.d")
  set(inputs "")
  if(NOT arg_RECIPE AND NOT arg_DOCKERFILE AND arg_TOOLCHAIN STREQUAL "tree")
    set(depfile "--depfile" "${state}.read")
    _slipway_install_tree(tree)
    set(play ON) # whether install rules say what goes in, and not this call alone
    if((arg_TARGETS OR arg_FILES) AND NOT arg_COMPONENTS)
      set(play OFF)
    endif()
    list(JOIN arg_COMPONENTS "," components)
    set(inputs COMMAND "${CMAKE_COMMAND}" "-Dtree=${CMAKE_BINARY_DIR}" "-Dinstall=${tree}"
      "-Dconfig=$<CONFIG>" "-Dcomponents=${components}" "-Dplay=${play}"
      "-Drecipe=${recipe}" "-Draw=${state}.read" "-Dstamp=${state}.stamp" "-Ddepfile=${state}.d"
      -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/SlipwayInputs.cmake")
  endif()

  set(lock "")
  set(locked "")
  if(EXISTS "${CMAKE_SOURCE_DIR}/slipway.lock")
    set(lock "${CMAKE_SOURCE_DIR}/slipway.lock")
    set(locked --lockfile "${lock}")
  endif()
  if(SLIPWAY_LOCKED)
    list(APPEND locked --locked)
  endif()

  set(terminal "")
  if(SLIPWAY_TERMINAL)
    set(terminal USES_TERMINAL)
  endif()
  set(jobserver "")
  if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.28 AND CMAKE_GENERATOR MATCHES "Makefiles")
    set(jobserver JOB_SERVER_AWARE TRUE)
  endif()
  # Ninja wants to know who makes a file that another rule depends on. In Makefiles, naming it here
  # would run this rule once for every target that does.
  set(byproducts "")
  if(CMAKE_GENERATOR MATCHES "Ninja")
    set(byproducts BYPRODUCTS "${digest}" "${layout}/index.json")
    if(arg_SBOM)
      list(APPEND byproducts "${bill}")
    endif()
  endif()
  add_custom_command(OUTPUT "${state}.stamp" ${byproducts}
    COMMAND Slipway::slipway build -f "${recipe}" -o "type=oci,dest=${layout}${packing}" --iidfile "${digest}"
      --stamp "${state}.stamp" ${depfile} ${locked} ${secrets} ${options}
    ${inputs}
    DEPENDS "${recipe}" Slipway::slipway ${arg_FILES} ${waits} ${lock}
      "$<TARGET_PROPERTY:${target},SLIPWAY_WAITS>"
    DEPFILE "${state}.d"
    COMMENT "Building image ${target}"
    ${terminal} ${jobserver} VERBATIM)
  set(all "")
  if(arg_ALL)
    set(all ALL)
  endif()
  add_custom_target("${target}" ${all} DEPENDS "${state}.stamp")
  set_target_properties("${target}" PROPERTIES FOLDER "Container images"
    SLIPWAY_LAYOUT "${layout}" SLIPWAY_DIGEST "${digest}" SLIPWAY_RECIPE "${recipe}"
    SLIPWAY_STATE "${state}" SLIPWAY_PREFIX "${arg_PREFIX}"
    SLIPWAY_TOOLCHAIN "${arg_TOOLCHAIN}" SLIPWAY_DESTINATION "${arg_DESTINATION}"
    SLIPWAY_CLASSES "${arg_CLASSES}"
    SLIPWAY_TEXT "${text}" SLIPWAY_MORE "" SLIPWAY_SOURCE "${CMAKE_CURRENT_SOURCE_DIR}"
    SLIPWAY_PROJECT "${PROJECT_BINARY_DIR}" SLIPWAY_COPIES 0)
  foreach(list TARGETS COMPONENTS FILES)
    set_property(TARGET "${target}" PROPERTY SLIPWAY_${list} "${arg_${list}}")
  endforeach()
  set_property(TARGET "${target}" APPEND PROPERTY ADDITIONAL_CLEAN_FILES "${layout}" "${digest}"
    "${bill}" "${state}.d" "${state}.read" "${out}/${target}.tar" "${out}/${target}.report.html")
  list(POP_BACK options context)
  _slipway_derived_targets("${target}" "${out}" "${context}" "${bill}")
  if(NOT TARGET images)
    add_custom_target(images)
  endif()
  add_dependencies(images "${target}")
  if(arg_DEBUG_IMAGE)
    _slipway_debug_image("${target}" "${out}")
  endif()

  # Other targets, stages and copies may follow; the recipe is written when all is said.
  cmake_language(EVAL CODE
    "cmake_language(DEFER DIRECTORY [[${CMAKE_SOURCE_DIR}]] CALL _slipway_finish [[${target}]])")
endfunction()

# <target>-debug, from what <target> has built; variables are those of the caller. It must look again
# when <target> has done so: its stamp says when, its digest may well be the same.
function(_slipway_debug_image target out)
  set(layout "${out}/${target}-debug.oci")
  set(digest "${out}/${target}-debug.digest")
  if(byproducts)
    set(byproducts BYPRODUCTS "${digest}" "${layout}/index.json")
  endif()
  add_custom_command(OUTPUT "${state}-debug.stamp" ${byproducts}
    COMMAND Slipway::slipway build -f "${recipe}" --target debug -o "type=oci,dest=${layout}${packing}"
      --iidfile "${digest}" --stamp "${state}-debug.stamp" ${locked} ${secrets} ${options}
    DEPENDS "${state}.stamp"
    COMMENT "Building image ${target}-debug"
    ${terminal} ${jobserver} VERBATIM)
  add_custom_target("${target}-debug" ${all} DEPENDS "${state}-debug.stamp")
  add_dependencies("${target}-debug" "${target}")
  add_dependencies(images "${target}-debug")
  set_target_properties("${target}-debug" PROPERTIES FOLDER "Container images"
    SLIPWAY_LAYOUT "${layout}" SLIPWAY_DIGEST "${digest}"
    ADDITIONAL_CLEAN_FILES "${layout};${digest}")
endfunction()

function(_slipway_check_image target)
  if(TARGET "${target}")
    _slipway_fail("would replace an existing target." "Pick another name.")
  endif()
  _slipway_check_form(NAME "^[a-z0-9]+([._/:-][a-z0-9._-]+)*$" "acme/hello (lower case)")
  _slipway_check_form(TAGS "^[A-Za-z0-9_][A-Za-z0-9._-]*$" "1.4 or latest")
  _slipway_check_form(ENV "^[A-Za-z_][A-Za-z0-9_]*=" "LANG=C.UTF-8")
  _slipway_check_form(ARGS "^[A-Za-z_][A-Za-z0-9_]*=" "FLAVOUR=pro")
  _slipway_check_form(SECRETS "^[^=,]+=[^,]+$" "token=secrets/token (an id, and a file without commas)")
  _slipway_check_form(LABELS "^[^=]+=" "org.example.team=tools")
  _slipway_check_form(ANNOTATIONS "^[^=]+=" "org.opencontainers.image.title=hello")
  _slipway_check_form(EXPOSE "^[0-9]+(-[0-9]+)?(/(tcp|udp|sctp))?$" "8080 or 53/udp")
  _slipway_check_form(SIZE_BUDGET "^[0-9]+([.][0-9]+)?([kKMGT]i?)?[bB]?$" "20MB or 20MiB")
  _slipway_check_form(SBOM "^(spdx|cyclonedx)$" "spdx and cyclonedx")
  _slipway_check_form(COMPRESSION "^(gzip|zstd|none)$" "gzip, zstd and none")
  _slipway_check_form(LEVEL "^[1-9][0-9]?$" "9")
  _slipway_check_form(CLASSES "^(runtime|dev|doc|debug)$" "runtime, dev, doc and debug")
  _slipway_check_form(PLATFORMS "^linux/[a-z0-9]+(/v[0-9]+)?$" "linux/arm64")
  _slipway_check_form(NETWORK "^(none|host)$" "none and host")
  _slipway_check_form(VOLUMES "^/" "/var/lib/hello")
  _slipway_check_form(WORKDIR "^/" "/srv")
  _slipway_check_form(PREFIX "^/" "/usr")

  foreach(dependency IN LISTS arg_TARGETS)
    if(NOT TARGET "${dependency}")
      _slipway_fail("lists '${dependency}' in TARGETS, which is not a target here."
        "Call add_container_image() after add_executable(${dependency}) or add_subdirectory().")
    endif()
    get_property(type TARGET "${dependency}" PROPERTY TYPE)
    if(NOT type MATCHES "^(EXECUTABLE|SHARED_LIBRARY|MODULE_LIBRARY|STATIC_LIBRARY)$")
      _slipway_fail("lists '${dependency}' in TARGETS, which is of type ${type}."
        "TARGETS takes programs and libraries; give other files with FILES or COMPONENTS.")
    endif()
  endforeach()
  if(TARGET "${arg_BASE}")
    get_property(layout TARGET "${arg_BASE}" PROPERTY SLIPWAY_LAYOUT)
    if(NOT layout)
      _slipway_fail("has '${arg_BASE}' as BASE, which is a target but no image."
        "Give an image reference, scratch, or a target made by add_container_image().")
    endif()
  endif()
  _slipway_check_pairs()
endfunction()

# Keywords that need or exclude each other.
function(_slipway_check_pairs)
  if(arg_RECIPE AND arg_DOCKERFILE)
    _slipway_fail("has both RECIPE and DOCKERFILE." "Keep the one that describes the image.")
  elseif(DEFINED arg_FILES AND NOT DEFINED arg_DESTINATION)
    _slipway_fail("has FILES without DESTINATION." "Try: FILES ... DESTINATION etc/${PROJECT_NAME}")
  elseif(DEFINED arg_DESTINATION AND NOT DEFINED arg_FILES)
    _slipway_fail("has DESTINATION without FILES." "DESTINATION says where FILES go.")
  elseif(DEFINED arg_STAGE AND NOT arg_DOCKERFILE)
    _slipway_fail("has STAGE without DOCKERFILE." "STAGE names a stage of a Dockerfile.")
  elseif(DEFINED arg_PACKAGES AND NOT arg_RECIPE AND NOT arg_DOCKERFILE
      AND (NOT DEFINED arg_TOOLCHAIN OR arg_TOOLCHAIN STREQUAL "tree"))
    _slipway_fail("has PACKAGES, but its toolchain is this build tree, where nothing is installed."
      "Add TOOLCHAIN debian (or host), or say RUNTIME_PACKAGES for the image itself.")
  elseif(arg_TARGETS AND arg_COMPONENTS AND DEFINED arg_TOOLCHAIN
      AND NOT arg_TOOLCHAIN STREQUAL "tree")
    _slipway_fail("has both TARGETS and COMPONENTS in a builder stage."
      "Keep one of them, or use TOOLCHAIN tree.")
  elseif(arg_DEBUG_IMAGE AND arg_DOCKERFILE)
    _slipway_fail("has DEBUG_IMAGE beside DOCKERFILE, whose programs it does not know."
      "Write a stage for it, and name that with STAGE in an image of its own.")
  elseif(arg_PLATFORMS MATCHES ";")
    _slipway_fail("has several PLATFORMS, but one build tree has programs of one."
      "Keep one of them here; configure another build tree, with a toolchain file, for each other.")
  elseif(DEFINED arg_LEVEL AND (NOT DEFINED arg_COMPRESSION OR arg_COMPRESSION STREQUAL "none"))
    _slipway_fail("has LEVEL without a COMPRESSION that has levels."
      "Try: COMPRESSION zstd LEVEL ${arg_LEVEL}")
  elseif(DEFINED arg_TEST_GATE AND NOT arg_TEST_GATE MATCHES "^(ON|OFF|TRUE|FALSE|YES|NO|1|0)$")
    _slipway_fail("has '${arg_TEST_GATE}' as TEST_GATE." "TEST_GATE takes ON or OFF.")
  endif()
  foreach(keyword RECIPE DOCKERFILE)
    if(NOT arg_${keyword})
      continue()
    endif()
    cmake_path(ABSOLUTE_PATH arg_${keyword} NORMALIZE OUTPUT_VARIABLE path)
    if(NOT EXISTS "${path}")
      _slipway_fail("cannot find '${path}'."
        "Relative paths are taken from ${CMAKE_CURRENT_SOURCE_DIR}.")
    endif()
    foreach(other COMPONENTS FILES CLASSES CLASS_OF PREFIX TOOLCHAIN PACKAGES BASE RUNTIME_PACKAGES
        DLOPEN DATA STRICT ACKNOWLEDGE ENTRYPOINT CMD USER WORKDIR ENV EXPOSE VOLUMES STOPSIGNAL HEALTHCHECK
        TEST_GATE)
      if(DEFINED arg_${other} AND NOT "${arg_${other}}" STREQUAL "FALSE")
        _slipway_fail("has ${other} beside ${keyword}, which describes the image already."
          "Say it in ${path}.")
      endif()
    endforeach()
  endforeach()
endfunction()

# CLASS_OF sorted: arg_CLASS_OF_<class> is the list of its globs.
macro(_slipway_check_class_of)
  set(class "")
  foreach(word IN LISTS arg_CLASS_OF)
    if(word MATCHES "^(runtime|dev|doc|debug|none)$")
      set(class "${word}")
    elseif(class STREQUAL "")
      _slipway_fail("has '${word}' first in CLASS_OF."
        "A class stands before its globs: CLASS_OF doc /usr/share/foo/*")
    else()
      list(APPEND arg_CLASS_OF_${class} "${word}")
    endif()
  endforeach()
endmacro()

# FILES as absolute paths.
function(_slipway_check_files ret)
  set(paths "")
  foreach(path IN LISTS arg_FILES)
    if(NOT path MATCHES "\\$<")
      cmake_path(ABSOLUTE_PATH path NORMALIZE)
      get_source_file_property(generated "${path}" GENERATED)
      if(NOT EXISTS "${path}" AND NOT generated)
        _slipway_fail("cannot find '${path}' of FILES."
          "Relative paths are taken from ${CMAKE_CURRENT_SOURCE_DIR}.")
      elseif(IS_DIRECTORY "${path}")
        _slipway_fail("has the directory '${path}' in FILES."
          "Install it: install(DIRECTORY ${path}/ DESTINATION ${arg_DESTINATION})")
      endif()
    endif()
    list(APPEND paths "${path}")
  endforeach()
  set(${ret} "${paths}" PARENT_SCOPE)
endfunction()

# What project() says about what is in the image, as key=value; each on one line.
function(_slipway_project_facts ret)
  set(facts "")
  foreach(pair "title:NAME" "description:DESCRIPTION" "version:VERSION" "url:HOMEPAGE_URL")
    string(REGEX MATCH "^([^:]*):(.*)$" pair "${pair}")
    set(key "${CMAKE_MATCH_1}")
    string(REGEX REPLACE "[ \t\r\n]+" " " value "${PROJECT_${CMAKE_MATCH_2}}")
    string(STRIP "${value}" value)
    string(REPLACE ";" "\\;" value "${value}")
    if(NOT value STREQUAL "")
      list(APPEND facts "${key}=${value}")
    endif()
  endforeach()
  set(${ret} "${facts}" PARENT_SCOPE)
endfunction()

# Options for a file that speaks for itself.
function(_slipway_file_options ret)
  set(options "")
  if(arg_DOCKERFILE)
    list(APPEND options --frontend dockerfile)
    if(NOT arg_NAME)
      string(TOLOWER "${PROJECT_NAME}" arg_NAME)
    endif()
  else()
    list(APPEND options --frontend recipe --build-context "build-tree=${CMAKE_BINARY_DIR}")
  endif()
  foreach(tag IN LISTS arg_TAGS)
    if(arg_NAME)
      list(APPEND options -t "${arg_NAME}:${tag}")
    endif()
  endforeach()
  if(arg_NAME AND NOT arg_TAGS)
    list(APPEND options -t "${arg_NAME}")
  endif()
  foreach(pair "STAGE:--target" "NETWORK:--network" "PLATFORMS:--platform" "SBOM:--sbom"
      "SIZE_BUDGET:--size-budget" "ARGS:--build-arg" "LABELS:--label"
      "ANNOTATIONS:--annotation")
    string(REGEX MATCH "^([^:]*):(.*)$" pair "${pair}")
    foreach(value IN LISTS arg_${CMAKE_MATCH_1})
      list(APPEND options "${CMAKE_MATCH_2}" "${value}")
    endforeach()
  endforeach()
  _slipway_project_facts(facts)
  foreach(fact IN LISTS facts)
    string(REPLACE ";" "$<SEMICOLON>" fact "${fact}")
    list(APPEND options --describe "${fact}")
  endforeach()
  set(context "${CMAKE_CURRENT_SOURCE_DIR}")
  if(arg_RECIPE)
    cmake_path(GET arg_RECIPE PARENT_PATH context)
  endif()
  if(arg_CONTEXT)
    set(context "${arg_CONTEXT}")
  endif()
  set(${ret} "${options};${context}" PARENT_SCOPE)
endfunction()

# The toolchain file of this build, as a stage on this machine's own root sees it.
function(_slipway_cross_options ret)
  set(${ret} "" PARENT_SCOPE)
  if(NOT CMAKE_CROSSCOMPILING OR NOT CMAKE_TOOLCHAIN_FILE OR NOT arg_TOOLCHAIN STREQUAL "host")
    return()
  endif()
  cmake_path(ABSOLUTE_PATH CMAKE_TOOLCHAIN_FILE BASE_DIRECTORY "${CMAKE_BINARY_DIR}" NORMALIZE
    OUTPUT_VARIABLE file)
  if(NOT EXISTS "${file}")
    cmake_path(ABSOLUTE_PATH CMAKE_TOOLCHAIN_FILE BASE_DIRECTORY "${CMAKE_SOURCE_DIR}" NORMALIZE
      OUTPUT_VARIABLE file)
  endif()
  cmake_path(IS_PREFIX CMAKE_SOURCE_DIR "${file}" inside)
  if(inside)
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${CMAKE_SOURCE_DIR}")
    set(file "/src/${file}")
  endif()
  set(${ret} "-DCMAKE_TOOLCHAIN_FILE=${file}" PARENT_SCOPE)
endfunction()

# What the cross compiler takes for the root, by the toolchain file or by itself.
function(_slipway_sysroots ret)
  set(roots "${CMAKE_SYSROOT}" ${CMAKE_FIND_ROOT_PATH})
  if(NOT CMAKE_SYSROOT AND CMAKE_C_COMPILER)
    execute_process(COMMAND "${CMAKE_C_COMPILER}" -print-sysroot OUTPUT_VARIABLE root
      OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    list(APPEND roots "${root}")
  endif()
  set(found "")
  foreach(root IN LISTS roots)
    cmake_path(NORMAL_PATH root)
    string(REGEX REPLACE "(.)/$" "\\1" root "${root}")
    if(root MATCHES "^/." AND (IS_DIRECTORY "${root}/lib" OR IS_DIRECTORY "${root}/usr/lib"
        OR IS_DIRECTORY "${root}/lib64"))
      list(APPEND found "${root}")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES found)
  set(${ret} "${found}" PARENT_SCOPE)
endfunction()

# The recipe up to the install command, which is known later. [build] is its last section.
function(_slipway_image_recipe ret)
  if(NOT DEFINED arg_TOOLCHAIN)
    set(arg_TOOLCHAIN tree)
    set(arg_TOOLCHAIN tree PARENT_SCOPE)
  endif()
  if(TARGET "${arg_BASE}")
    get_property(layout TARGET "${arg_BASE}" PROPERTY SLIPWAY_LAYOUT)
    set(arg_BASE "oci:${layout}")
  endif()

  set(text "[image]\n")
  _slipway_scalar(name "${arg_NAME}")
  _slipway_words(tags ${arg_TAGS})
  _slipway_command(entrypoint ${arg_ENTRYPOINT})
  _slipway_command(cmd ${arg_CMD})
  if(arg_DEBUG_IMAGE)
    _slipway_scalar(debug-image yes)
  endif()
  _slipway_words(platforms ${arg_PLATFORMS})
  _slipway_scalar(user "${arg_USER}")
  _slipway_scalar(workdir "${arg_WORKDIR}")
  _slipway_pairs(env ${arg_ENV})
  _slipway_words(expose ${arg_EXPOSE})
  _slipway_words(volumes ${arg_VOLUMES})
  _slipway_scalar(stopsignal "${arg_STOPSIGNAL}")
  _slipway_command(healthcheck ${arg_HEALTHCHECK})
  _slipway_project_facts(facts)
  foreach(fact IN LISTS facts)
    string(REGEX MATCH "^([a-z]*)=(.*)$" fact "${fact}")
    _slipway_scalar("${CMAKE_MATCH_1}" "${CMAKE_MATCH_2}")
  endforeach()
  _slipway_pairs(labels ${arg_LABELS})
  _slipway_pairs(annotations ${arg_ANNOTATIONS})
  _slipway_scalar(sbom "${arg_SBOM}")
  _slipway_scalar(compression "${arg_COMPRESSION}")
  _slipway_scalar(compression-level "${arg_LEVEL}")

  string(APPEND text "\n[toolchain]\n")
  _slipway_scalar(use "${arg_TOOLCHAIN}")
  if(CMAKE_CROSSCOMPILING AND arg_TOOLCHAIN MATCHES "^(tree|host)$")
    _slipway_sysroots(roots)
    _slipway_words(sysroot ${roots})
  endif()
  _slipway_words(packages ${arg_PACKAGES})
  _slipway_scalar(network "${arg_NETWORK}")

  string(APPEND text "\n[runtime]\n")
  _slipway_scalar(base "${arg_BASE}")
  _slipway_words(packages ${arg_RUNTIME_PACKAGES})
  _slipway_words(classes ${arg_CLASSES})
  _slipway_words(dlopen ${arg_DLOPEN})
  _slipway_words(data ${arg_DATA})
  if(arg_STRICT)
    _slipway_scalar(strict yes)
  endif()
  _slipway_words(acknowledge ${arg_ACKNOWLEDGE})

  if(arg_CLASS_OF)
    string(APPEND text "\n[classes]\n")
    foreach(class IN ITEMS runtime dev doc debug none)
      _slipway_words(${class} ${arg_CLASS_OF_${class}})
    endforeach()
  endif()

  if(arg_ARGS)
    string(APPEND text "\n[args]\n")
    list(TRANSFORM arg_ARGS REPLACE "^([^=]*)=(.*)$" "\\1 = \\2" OUTPUT_VARIABLE args)
    list(JOIN args "\n" args)
    string(APPEND text "${args}\n")
  endif()

  if(DEFINED arg_SIZE_BUDGET)
    string(APPEND text "\n[budget]\n")
    _slipway_scalar(size "${arg_SIZE_BUDGET}")
  endif()

  string(APPEND text "\n[build]\n")
  _slipway_scalar(system cmake)
  _slipway_scalar(source "${CMAKE_SOURCE_DIR}")
  if(NOT arg_TOOLCHAIN STREQUAL "tree")
    _slipway_cross_options(cross)
    _slipway_words(options -DSLIPWAY_STAGE=ON ${cross}) # no images are made while one is
  endif()
  if(arg_TEST_GATE)
    _slipway_scalar(test yes)
  endif()
  set(${ret} "${text}" PARENT_SCOPE)
endfunction()

# Whose install rules: those of the project() that asks, unless its TARGETS live elsewhere.
function(_slipway_install_tree ret)
  set(tree "${PROJECT_BINARY_DIR}")
  foreach(dependency IN LISTS arg_TARGETS)
    get_property(directory TARGET "${dependency}" PROPERTY BINARY_DIR)
    cmake_path(IS_PREFIX tree "${directory}" NORMALIZE inside)
    if(NOT inside)
      set(tree "${CMAKE_BINARY_DIR}")
    endif()
  endforeach()
  set(${ret} "${tree}" PARENT_SCOPE)
endfunction()

function(_slipway_derived_targets target out context bill)
  get_property(layout TARGET "${target}" PROPERTY SLIPWAY_LAYOUT)
  get_property(recipe TARGET "${target}" PROPERTY SLIPWAY_RECIPE)
  set(image "oci:${layout}")
  add_custom_target("${target}-tar"
    COMMAND Slipway::slipway export "${image}" -o "type=docker,dest=${out}/${target}.tar"
    COMMENT "Writing ${target}.tar" VERBATIM)
  add_custom_target("${target}-load" COMMAND Slipway::slipway load "${image}"
    COMMENT "Loading ${target}" VERBATIM)
  # A file that names its image itself leaves the names in the layout, and push reads them there.
  set(names "")
  foreach(tag IN LISTS arg_TAGS)
    if(arg_NAME)
      list(APPEND names "${arg_NAME}:${tag}")
    endif()
  endforeach()
  add_custom_target("${target}-push" COMMAND Slipway::slipway push "${image}" ${names}
    COMMENT "Pushing ${target}" VERBATIM)
  add_custom_target("${target}-run" COMMAND Slipway::slipway run "${image}"
    USES_TERMINAL VERBATIM)
  add_custom_target("${target}-shell" COMMAND Slipway::slipway shell "${image}"
    USES_TERMINAL VERBATIM)
  add_custom_target("${target}-explain" COMMAND Slipway::slipway explain "${image}"
    USES_TERMINAL VERBATIM)
  set(format spdx)
  if(arg_SBOM)
    set(format "${arg_SBOM}")
  endif()
  add_custom_target("${target}-sbom"
    COMMAND Slipway::slipway sbom --format "${format}" -o "${bill}" "${image}"
    COMMENT "Writing the bill of materials of ${target}" VERBATIM)
  set(reading "")
  if(arg_RECIPE)
    set(reading --frontend recipe --build-context "build-tree=${CMAKE_BINARY_DIR}")
  elseif(arg_DOCKERFILE)
    set(reading --frontend dockerfile)
    foreach(value IN LISTS arg_STAGE)
      list(APPEND reading --target "${value}")
    endforeach()
    foreach(value IN LISTS arg_ARGS)
      list(APPEND reading --build-arg "${value}")
    endforeach()
  endif()
  add_custom_target("${target}-graph"
    COMMAND Slipway::slipway graph -f "${recipe}" ${reading} "${context}"
      USES_TERMINAL VERBATIM)
  add_custom_target("${target}-report"
    COMMAND Slipway::slipway report "${image}" -o "${out}/${target}.report.html"
    COMMENT "Writing ${target}.report.html" VERBATIM)
  set_property(TARGET "${target}-graph" PROPERTY FOLDER "Container images")
  foreach(verb tar load push run shell explain report sbom)
    add_dependencies("${target}-${verb}" "${target}")
    set_property(TARGET "${target}-${verb}" PROPERTY FOLDER "Container images")
  endforeach()
  if(NOT arg_DOCKERFILE)
    set(source "${recipe}")
    set(dialect "")
    if(SLIPWAY_DIALECT)
      set(dialect --dialect "${SLIPWAY_DIALECT}")
    endif()
    if(NOT arg_RECIPE AND arg_TOOLCHAIN STREQUAL "tree")
      string(REGEX REPLACE "[.]slipway$" ".elsewhere.slipway" source "${recipe}")
    endif()
    add_custom_target("${target}-eject"
      COMMAND Slipway::slipway generate -f "${source}" -o "${out}/${target}.Dockerfile"
        ${dialect}
      COMMENT "Writing ${target}.Dockerfile" VERBATIM)
    set_property(TARGET "${target}-eject" PROPERTY FOLDER "Container images")
  endif()
endfunction()

# At the end of the top directory: all targets are known, so are all stages, copies and tests.
function(_slipway_finish target)
  foreach(property TEXT MORE RECIPE STATE TARGETS COMPONENTS FILES TOOLCHAIN PREFIX
      DESTINATION PROJECT SOURCE CLASSES)
    get_property(arg_${property} TARGET "${target}" PROPERTY SLIPWAY_${property})
  endforeach()
  _slipway_with_libraries("${arg_TARGETS}" targets)
  set(waits ${targets})
  if(NOT arg_TARGETS AND NOT arg_FILES AND arg_TOOLCHAIN STREQUAL "tree" OR arg_COMPONENTS)
    _slipway_all_targets("${CMAKE_SOURCE_DIR}" waits)
  endif()
  set_property(TARGET "${target}" PROPERTY SLIPWAY_WAITS "${waits}")
  if(arg_TEXT STREQUAL "")
    return() # RECIPE or DOCKERFILE
  endif()

  set(text "${arg_TEXT}")
  if(arg_TOOLCHAIN STREQUAL "tree")
    _slipway_write_elsewhere("${target}" "${targets}")
    _slipway_finish_tree("${target}" "${targets}")
  else()
    _slipway_finish_elsewhere("${targets}")
  endif()
  file(GENERATE OUTPUT "${arg_RECIPE}" CONTENT
    "# Written by CMake for ${target} of ${arg_SOURCE}; changes are lost.\n${text}${arg_MORE}")
endfunction()

# What <target>-eject reads: the same image, built where there is no build tree.
function(_slipway_write_elsewhere target targets)
  string(REPLACE "\nuse = tree\n" "\nuse = host\n" text "${text}")
  _slipway_words(options -DSLIPWAY_STAGE=ON)
  if(NOT arg_PREFIX AND NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr/local")
    set(arg_PREFIX "${CMAKE_INSTALL_PREFIX}")
  endif()
  if(targets AND arg_COMPONENTS)
    set(targets "") # all that is installed: a stage cannot take only some of both
    set(arg_COMPONENTS "")
  endif()
  _slipway_finish_elsewhere("${targets}")
  string(REGEX REPLACE "[.]slipway$" ".elsewhere.slipway" file "${arg_RECIPE}")
  file(GENERATE OUTPUT "${file}" CONTENT
    "# Written by CMake for ${target}-eject of ${arg_SOURCE}; changes are lost.\n${text}${arg_MORE}")
endfunction()

# [build] for this build tree: its install scripts, run in the sandbox.
function(_slipway_finish_tree target targets)
  _slipway_scalar(dir "${CMAKE_BINARY_DIR}")
  _slipway_quote("${CMAKE_COMMAND}" cmake)
  set(config "$<$<NOT:$<STREQUAL:$<CONFIG>,>>: --config $<CONFIG>>")
  set(arg_TARGETS "${targets}")
  _slipway_install_tree_of("${arg_PROJECT}" tree)
  if(targets OR arg_FILES)
    set(script "${arg_STATE}-install.cmake")
    _slipway_install_script("${script}" "${tree}" "${targets}")
    _slipway_quote("${script}" script)
    _slipway_scalar(install "${cmake} -P ${script}")
  else()
    _slipway_quote("${tree}" tree)
    set(install "${cmake} --install ${tree}${config}")
    if(arg_PREFIX)
      string(APPEND install " --prefix ${arg_PREFIX}")
    endif()
    set(commands "")
    foreach(component IN LISTS arg_COMPONENTS)
      _slipway_quote("${component}" component)
      list(APPEND commands "${install} --component ${component}")
    endforeach()
    if(NOT commands)
      set(commands "${install}")
    endif()
    list(JOIN commands " && " install)
    _slipway_scalar(install "${install}")
  endif()
  set(text "${text}" PARENT_SCOPE)
endfunction()

function(_slipway_install_tree_of project ret)
  set(PROJECT_BINARY_DIR "${project}")
  _slipway_install_tree(tree)
  set(${ret} "${tree}" PARENT_SCOPE)
endfunction()

# What SlipwayInstallTargets.cmake works on. It is copied beside, as the sandbox does not see the
# directory that Slipway itself is in.
function(_slipway_install_script script tree targets)
  set(worker "${CMAKE_BINARY_DIR}/CMakeFiles/slipway/install-targets.cmake")
  configure_file("${CMAKE_CURRENT_FUNCTION_LIST_DIR}/SlipwayInstallTargets.cmake" "${worker}"
    COPYONLY)
  set(code "# Written by CMake; changes are lost.\n")
  string(APPEND code "set(slipway_tree [==[${tree}]==])\n"
    "set(slipway_config [==[$<CONFIG>]==])\n"
    "set(slipway_prefix [==[${arg_PREFIX}]==])\n"
    "set(slipway_components [==[${arg_COMPONENTS}]==])\n"
    "set(slipway_targets [==[${targets}]==])\n"
    "set(slipway_files [==[${arg_FILES}]==])\n"
    "set(slipway_destination [==[${arg_DESTINATION}]==])\n")
  foreach(dependency IN LISTS targets)
    _slipway_artifacts("${dependency}" artifacts)
    get_property(kind TARGET "${dependency}" PROPERTY TYPE)
    string(REPLACE "MODULE_LIBRARY" "MODULE" kind "${kind}")
    string(APPEND code "set(slipway_kind_${dependency} ${kind})\n"
      "set(slipway_artifacts_${dependency} [==[${artifacts}]==])\n")
  endforeach()
  file(GENERATE OUTPUT "${script}" CONTENT "${code}include([==[${worker}]==])\n")
endfunction()

# [build] for a builder stage: the project is configured, built and installed there, all of it, as
# its install rules may want all of it.
function(_slipway_finish_elsewhere targets)
  string(APPEND text "$<$<NOT:$<STREQUAL:$<CONFIG>,>>:config = $<CONFIG>>\n")
  _slipway_scalar(prefix "${arg_PREFIX}")
  _slipway_words(components ${arg_COMPONENTS})
  if(NOT arg_PREFIX)
    set(arg_PREFIX "/usr/local")
  endif()
  set(only "")
  set(files "")
  if(targets)
    _slipway_install_elsewhere("${targets}" only)
  endif()
  cmake_path(ABSOLUTE_PATH arg_DESTINATION BASE_DIRECTORY "${arg_PREFIX}")
  foreach(path IN LISTS arg_FILES)
    cmake_path(GET path FILENAME name)
    list(APPEND files "${path}:${arg_DESTINATION}/${name}")
  endforeach()
  if(arg_FILES AND NOT targets AND NOT arg_COMPONENTS)
    _slipway_scalar(install true)
  elseif(targets)
    _slipway_words(only ${only})
  endif()
  _slipway_lines(files ${files})
  set(text "${text}" PARENT_SCOPE)
endfunction()

# The project's install rules, then the artifacts that they left out.
function(_slipway_install_elsewhere targets ret)
  set(only "")
  set(lines
    "put() ( find \"$DESTDIR\" -name \"$1\" | grep -q . || ( mkdir -p \"$DESTDIR$2\" && cp -P \"$(find . -name \"$1\" ! -path '*/CMakeFiles/*' | head -n 1)\" \"$DESTDIR$2/\" ) )"
    "cmake --install . --config $<IF:$<STREQUAL:$<CONFIG>,>,Release,$<CONFIG>> --prefix ${arg_PREFIX}")
  foreach(dependency IN LISTS targets)
    get_property(type TARGET "${dependency}" PROPERTY TYPE)
    set(directory "${arg_PREFIX}/lib")
    if(type STREQUAL "EXECUTABLE")
      set(directory "${arg_PREFIX}/bin")
    endif()
    _slipway_artifacts("${dependency}" artifacts)
    list(TRANSFORM artifacts REPLACE "_FILE:" "_FILE_NAME:")
    foreach(name IN LISTS artifacts)
      list(APPEND lines "put ${name} ${directory}")
    endforeach()
    if(type STREQUAL "SHARED_LIBRARY" AND NOT arg_CLASSES MATCHES "dev")
      list(POP_BACK artifacts) # the link that only a linker reads
    endif()
    list(APPEND only ${artifacts})
  endforeach()
  _slipway_lines(install ${lines})
  set(text "${text}" PARENT_SCOPE)
  set(${ret} "${only}" PARENT_SCOPE)
endfunction()

function(container_stage target stage)
  _slipway_parse("${target}" 2 "" "FROM" "STEPS")
  _slipway_open_image("${target}")
  if(NOT stage MATCHES "^[a-z][a-z0-9._-]*$" OR stage MATCHES "^(build|host|scratch)$")
    _slipway_fail("cannot call a stage '${stage}'."
      "Names are lower case; build, host and scratch are taken.")
  elseif(NOT DEFINED arg_FROM)
    _slipway_fail("has no FROM." "Try: container_stage(${target} ${stage} FROM debian:12)")
  endif()
  if(TARGET "${arg_FROM}")
    get_property(layout TARGET "${arg_FROM}" PROPERTY SLIPWAY_LAYOUT)
    if(layout)
      set(arg_FROM "oci:${layout}")
      add_dependencies("${target}" "${arg_FROM}")
    endif()
  endif()
  set(text "\n[stage ${stage}]\n")
  _slipway_scalar(from "${arg_FROM}")
  _slipway_lines(steps ${arg_STEPS})
  set_property(TARGET "${target}" APPEND_STRING PROPERTY SLIPWAY_MORE "${text}")
endfunction()

function(container_copy target)
  _slipway_parse("${target}" 1 "" "FROM_STAGE;DESTINATION" "" "the sources")
  _slipway_open_image("${target}")
  if(NOT DEFINED arg_FROM_STAGE)
    _slipway_fail("has no FROM_STAGE." "It names a container_stage() or an image.")
  elseif(NOT arg_UNPARSED_ARGUMENTS)
    _slipway_fail("has nothing to copy." "Sources stand between FROM_STAGE and DESTINATION.")
  elseif(NOT DEFINED arg_DESTINATION)
    _slipway_fail("has no DESTINATION." "It says where in the image the files go.")
  endif()
  get_property(number TARGET "${target}" PROPERTY SLIPWAY_COPIES)
  math(EXPR number "${number} + 1")
  set_property(TARGET "${target}" PROPERTY SLIPWAY_COPIES ${number})
  set(text "\n[copy ${number}]\n")
  _slipway_scalar(from "${arg_FROM_STAGE}")
  _slipway_words(src ${arg_UNPARSED_ARGUMENTS})
  _slipway_scalar(dst "${arg_DESTINATION}")
  set_property(TARGET "${target}" APPEND_STRING PROPERTY SLIPWAY_MORE "${text}")
endfunction()

# `target` is an image whose recipe is still to be written.
function(_slipway_open_image target)
  if(NOT TARGET "${target}")
    _slipway_fail("does not know the image '${target}'." "Call add_container_image(${target}) first.")
  endif()
  get_property(text TARGET "${target}" PROPERTY SLIPWAY_TEXT)
  get_property(layout TARGET "${target}" PROPERTY SLIPWAY_LAYOUT)
  if(NOT layout)
    _slipway_fail("names '${target}', which is no image." "Images come from add_container_image().")
  elseif(text STREQUAL "")
    _slipway_fail("adds to '${target}', which has a file of its own."
      "Write the stage or copy into its RECIPE or DOCKERFILE.")
  endif()
endfunction()

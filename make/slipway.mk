# slipway.mk - container images as make targets. GNU make 4.0 or newer.
#
#   IMAGE            := acme/redis:7
#   IMAGE_TOOLCHAIN  := host                          # default: tree, this very tree
#   IMAGE_PACKAGES   := gcc make libc6-dev
#   IMAGE_BUILD      := $(MAKE) BUILD_TLS=yes         # default: $(MAKE)
#   IMAGE_INSTALL    := $(MAKE) install PREFIX=/usr   # default: $(MAKE) install with DESTDIR,
#   IMAGE_FILES      := src/lua:/usr/bin/lua          #          PREFIX and prefix set
#   IMAGE_ENTRYPOINT := redis-server
#   include $(shell slipway --mk)
#
# gives image, image-tar, image-load, image-push, image-run, image-shell, image-explain, image-graph,
# image-report, image-sbom, image-eject, image-debug, image-test and image-clean. Several images:
# IMAGES := a b, then a_ENTRYPOINT and so on; IMAGE_ENTRYPOINT is what all of them start with, and image-a,
# image-run-a ... is one of them.
#
#   what goes in      NAME TAGS TARGETS COMPONENTS FILES CLASSES CLASS_OF PREFIX
#   how it is built   TOOLCHAIN PACKAGES SYSTEM BUILD INSTALL ARGS SECRETS NETWORK TEST_GATE PLATFORMS
#   or by a file      RECIPE DOCKERFILE STAGE CONTEXT
#   what it runs on   BASE RUNTIME_PACKAGES DLOPEN DATA STRICT ACKNOWLEDGE
#   how it starts     ENTRYPOINT CMD USER WORKDIR ENV EXPOSE VOLUMES STOPSIGNAL HEALTHCHECK
#   what it says      LABELS ANNOTATIONS SBOM (spdx or cyclonedx)
#   how it is tested  TEST_COMMAND TEST_EXPECT_OUTPUT TEST_EXPECT_EXIT TEST_LINK_CHECK
#   what it may cost  SIZE_BUDGET COMPRESSION LEVEL
#   what else         DEBUG_IMAGE
#   where it goes     OUTPUT
#
# DEBUG_IMAGE := yes: image-debug makes the image with one more layer, in which debuggers find what they
# read of the project's programs (compile with -g); -debug stands behind its tags. PLATFORMS, such as
# linux/arm64, is what the programs must be made for. SECRETS are id=file, for
# RUN --mount=type=secret,id=...: in no image, and nothing is built again for them. A list of K=V whose
# values hold blanks is written with `define`, one to a line. TARGETS are names of installed files to
# keep. You may also set SLIPWAY [the program beside this file], SLIPWAY_OUT
# [build/images], SLIPWAY_FLAGS (--locked: no base image that slipway.lock does not pin),
# SLIPWAY_DIALECT (of image-eject: portable or current) and V: with V=1 commands are shown, with V=0
# only what went wrong.
#
# With `tree`, IMAGE_BUILD runs here as ever; it says what `make` would do and costs what that costs.
# The install step runs in a sandbox over this machine's root, so DESTDIR need not be honoured and
# nothing can be written into the real prefix. Every name that is not above starts with _slipway_.

ifndef _slipway_included
_slipway_included := 1

ifneq ($(filter 3.%,$(MAKE_VERSION)),)
$(error slipway.mk needs GNU make 4.0 or newer; this is $(MAKE_VERSION))
endif

_slipway_keywords := NAME TAGS TARGETS COMPONENTS FILES CLASSES CLASS_OF PREFIX TOOLCHAIN PACKAGES SYSTEM \
  BUILD INSTALL ARGS SECRETS NETWORK TEST_GATE RECIPE DOCKERFILE STAGE CONTEXT BASE RUNTIME_PACKAGES \
  DLOPEN DATA STRICT ACKNOWLEDGE ENTRYPOINT CMD USER WORKDIR ENV EXPOSE VOLUMES STOPSIGNAL HEALTHCHECK LABELS \
  ANNOTATIONS TEST_COMMAND TEST_EXPECT_OUTPUT TEST_EXPECT_EXIT TEST_LINK_CHECK SBOM SIZE_BUDGET COMPRESSION \
  LEVEL PLATFORMS DEBUG_IMAGE OUTPUT

# The program that this file came with, or the one in PATH.
_slipway_home := $(dir $(lastword $(MAKEFILE_LIST)))
_slipway_near := $(wildcard $(_slipway_home)../../bin/slipway)
SLIPWAY       ?= $(if $(_slipway_near),$(_slipway_near),slipway)
SLIPWAY_OUT   ?= build/images
SLIPWAY_FLAGS ?=
SLIPWAY_DIALECT ?=
_slipway_main := $(firstword $(MAKEFILE_LIST))
_slipway_goal := $(.DEFAULT_GOAL)

_slipway_empty :=
_slipway_blank := $(_slipway_empty) $(_slipway_empty)
define _slipway_newline


endef

# $(call _slipway_value,variable): also of one that was never set, without a warning.
_slipway_value = $(if $(filter undefined,$(origin $(1))),,$($(1)))
# $(call _slipway_get,image,KEYWORD): the image's own, else the one for all.
_slipway_get = $(if $(filter undefined,$(origin $(1)_$(2))),$(call _slipway_value,IMAGE_$(2)),$($(1)_$(2)))
_slipway_set = $(filter-out undefined,$(origin $(1)_$(2)) $(origin IMAGE_$(2)))

# Stands where a blank must not be lost, or must go: $(foreach) puts one between what it makes.
_slipway_mark := @slipway@
_slipway_join  = $(subst $(_slipway_mark),,$(subst $(_slipway_blank)$(_slipway_mark),,$(1)))

# ---- which images ---------------------------------------------------------------------------

_slipway_images := $(strip $(call _slipway_value,IMAGES))
_slipway_single := $(strip $(call _slipway_value,IMAGE))
ifeq ($(_slipway_images)$(_slipway_single),)
$(error slipway.mk: IMAGE is not set; say e.g. IMAGE := acme/hello:1.0 before the include)
endif
ifneq ($(word 2,$(_slipway_single)),)
$(error slipway.mk: IMAGE names one image, not '$(_slipway_single)'; for several, set IMAGES)
endif
ifeq ($(_slipway_images),)
_slipway_images := $(lastword $(subst /, ,$(firstword $(subst :, ,$(lastword $(subst /, ,$(_slipway_single)))))))
_slipway_reference = $(or $(strip $(call _slipway_get,$(1),NAME)),$(_slipway_single))
else
_slipway_reference = $(or $(strip $(call _slipway_value,$(1)_NAME)),$(1))
endif

_slipway_verbs := tar load push run shell explain graph report sbom eject debug test clean
ifneq ($(filter $(_slipway_verbs),$(_slipway_images)),)
ifneq ($(strip $(call _slipway_value,IMAGES)),)
$(error slipway.mk: an image cannot be called '$(firstword $(filter $(_slipway_verbs),$(_slipway_images)))'; image-$(firstword $(filter $(_slipway_verbs),$(_slipway_images))) is a target for all images)
endif
endif

# A reference is name[:tag]; a colon before the last slash belongs to a port.
_slipway_last = $(lastword $(subst /, ,$(1)))
_slipway_tag  = $(word 2,$(subst :, ,$(call _slipway_last,$(1))))
_slipway_name = $(if $(call _slipway_tag,$(1)),$(patsubst %:$(call _slipway_tag,$(1)),%,$(1)),$(1))

# ---- wrong words ----------------------------------------------------------------------------

# Only what a makefile or the command line sets; the environment may say IMAGE_ANYTHING.
_slipway_ours = $(foreach v,$(filter $(1)_%,$(.VARIABLES)),$(if $(filter file command override,$(origin $(v))),$(v)))
_slipway_distance = awk -v word='$(1)' -v all='$(2)' -v most=$(3) 'function min(a,b){return a<b?a:b} \
  function apart(a,b, i,j,d){for(i=0;i<=length(a);i++)d[i,0]=i;for(j=0;j<=length(b);j++)d[0,j]=j; \
  for(i=1;i<=length(a);i++)for(j=1;j<=length(b);j++)d[i,j]=min(min(d[i-1,j],d[i,j-1])+1, \
  d[i-1,j-1]+(substr(a,i,1)!=substr(b,j,1)));return d[length(a),length(b)]} \
  BEGIN{if(length(word)<6&&most>1)most=1;n=split(all,k," ");for(i=1;i<=n;i++){x=apart(toupper(word),k[i]);if(x<=most){most=x-1;best=k[i]}} \
  print best}'
_slipway_meant = $(shell $(call _slipway_distance,$(1),$(_slipway_keywords),$(2)))
_slipway_stages := $(strip $(call _slipway_value,IMAGE_STAGES))
_slipway_known := $(_slipway_keywords) STAGES COPY $(foreach s,$(_slipway_stages),STAGE_$(s)_FROM STAGE_$(s)_STEPS)

define _slipway_refuse
$(if $(filter IMAGE,$(1)),$(error slipway.mk: unknown variable '$(1)_$(2)'$(foreach m,$(call _slipway_meant,$(2),3),; did you mean '$(1)_$(m)'?)))\
$(foreach m,$(call _slipway_meant,$(2),2),$(error slipway.mk: unknown variable '$(1)_$(2)'; did you mean '$(1)_$(m)'?))
endef
$(foreach v,$(filter-out $(_slipway_known:%=IMAGE_%),$(call _slipway_ours,IMAGE)),$(call _slipway_refuse,IMAGE,$(v:IMAGE_%=%)))
ifneq ($(strip $(call _slipway_value,IMAGES)),)
$(foreach i,$(filter-out IMAGE,$(_slipway_images)),$(foreach v,$(filter-out $(_slipway_keywords:%=$(i)_%),$(call _slipway_ours,$(i))),$(call _slipway_refuse,$(i),$(v:$(i)_%=%))))
endif

# $(call _slipway_check,image): what depends on each other.
define _slipway_check
$(if $(call _slipway_get,$(1),RECIPE),$(if $(call _slipway_get,$(1),DOCKERFILE),$(error slipway.mk: image '$(1)' has both RECIPE and DOCKERFILE; keep the one that describes it)))\
$(foreach f,$(call _slipway_get,$(1),RECIPE) $(call _slipway_get,$(1),DOCKERFILE),$(if $(wildcard $(f)),,$(error slipway.mk: image '$(1)': cannot find '$(f)' below $(CURDIR))))\
$(if $(word 2,$(call _slipway_get,$(1),PLATFORMS)),$(error slipway.mk: image '$(1)' has several PLATFORMS, but one tree has programs of one; keep one of them))\
$(if $(call _slipway_debugged,$(1)),$(if $(call _slipway_get,$(1),DOCKERFILE),$(error slipway.mk: image '$(1)' has DEBUG_IMAGE beside DOCKERFILE, whose programs it does not know; write a stage for it)))\
$(foreach f,$(call _slipway_get,$(1),SBOM),$(if $(filter spdx cyclonedx,$(f)),,$(error slipway.mk: image '$(1)': SBOM is spdx or cyclonedx, not '$(f)')))\
$(foreach f,$(call _slipway_get,$(1),SECRETS),$(if $(and $(findstring =,$(f)),$(filter-out =%,$(f)),$(filter-out %=,$(f))),,$(error slipway.mk: image '$(1)': SECRETS takes id=file, not '$(f)')))\
$(foreach f,$(call _slipway_get,$(1),FILES),$(if $(findstring :/,$(f)),,$(error slipway.mk: image '$(1)': FILES takes source:/destination, not '$(f)')))\
$(if $(filter tree,$(call _slipway_toolchain,$(1))),$(if $(call _slipway_get,$(1),PACKAGES),$(if $(call _slipway_file,$(1)),,$(error slipway.mk: image '$(1)' has PACKAGES, but its toolchain is this tree, where nothing is installed; set TOOLCHAIN, or RUNTIME_PACKAGES for the image itself))))
endef
_slipway_debugged = $(filter ON on yes YES 1 true TRUE,$(call _slipway_get,$(1),DEBUG_IMAGE))
_slipway_toolchain = $(or $(_slipway_ejecting),$(strip $(call _slipway_get,$(1),TOOLCHAIN)),tree)
# While image-eject writes its recipe: elsewhere there is no tree that is built already.
_slipway_ejecting :=
_slipway_file      = $(strip $(call _slipway_get,$(1),RECIPE) $(call _slipway_get,$(1),DOCKERFILE))
$(foreach i,$(_slipway_images),$(if $(strip $(call _slipway_check,$(i))),))

# ---- the recipe -----------------------------------------------------------------------------

# One key; a key with one item per line, from words or from lines; one build argument.
_slipway_key   = $(if $(strip $(2)),$(1) = $(strip $(2))$(_slipway_newline))
_slipway_items = $(call _slipway_text,$(1),$(call _slipway_split,$(2)))
_slipway_text  = $(if $(strip $(2)),$(1) =$(_slipway_newline)    $(subst $(_slipway_newline),$(_slipway_newline)    ,$(2))$(_slipway_newline))
_slipway_split = $(if $(findstring $(_slipway_newline),$(1)),$(1),$(subst $(_slipway_blank),$(_slipway_newline),$(strip $(1))))
_slipway_arg   = $(firstword $(subst =, ,$(1))) = $(patsubst $(firstword $(subst =, ,$(1)))=%,%,$(1))$(_slipway_newline)

# `make install` of the recipe, unless this makefile has a name that make does not look for, or
# there is nothing but FILES to install.
_slipway_default_install = $(if $(call _slipway_get,$(1),FILES),true,$(if $(filter Makefile makefile GNUmakefile,$(_slipway_main)),,\
  make -f '$(_slipway_main)' install DESTDIR="$$DESTDIR" PREFIX='$(call _slipway_prefix,$(1))' prefix='$(call _slipway_prefix,$(1))'))
_slipway_prefix = $(or $(strip $(call _slipway_get,$(1),PREFIX)),/usr/local)
_slipway_install = $(if $(strip $(call _slipway_get,$(1),INSTALL)),$(call _slipway_get,$(1),INSTALL),$(call _slipway_default_install,$(1)))

# A stage has a make of its own, elsewhere perhaps.
_slipway_their_make = $(if $(findstring /,$(MAKE)),$(subst $(MAKE),make,$(1)),$(1))

_slipway_yes = $(if $(filter ON on yes YES 1 true TRUE,$(1)),yes)

# CLASS_OF := doc /usr/share/foo/* none /usr/bin/foo-test: a class, and the globs up to the next one.
_slipway_classes  := runtime dev doc debug none
_slipway_class_of = $(if $(strip $(1)),[classes]$(_slipway_newline)$(eval _slipway_class :=)$(call \
_slipway_join,$(foreach w,$(1),$(_slipway_mark)$(if $(filter $(_slipway_classes),$(w)),$(eval _slipway_class := $(w)),$(if $(_slipway_class),$(_slipway_class) = $(w)$(_slipway_newline),$(error slipway.mk: CLASS_OF has '$(w)' first; a class stands before its globs))))))

# $(call _slipway_recipe,image)
define _slipway_recipe
# Written by make for the image $(1) of $(CURDIR); changes are lost.
[image]
$(call _slipway_key,name,$(call _slipway_name,$(call _slipway_reference,$(1))))$(call \
_slipway_key,tags,$(or $(strip $(call _slipway_get,$(1),TAGS)),$(call _slipway_tag,$(call _slipway_reference,$(1)))))$(call \
_slipway_key,entrypoint,$(call _slipway_get,$(1),ENTRYPOINT))$(call \
_slipway_key,cmd,$(call _slipway_get,$(1),CMD))$(call \
_slipway_key,debug-image,$(if $(call _slipway_debugged,$(1)),yes))$(call \
_slipway_key,platforms,$(call _slipway_get,$(1),PLATFORMS))$(call \
_slipway_key,user,$(call _slipway_get,$(1),USER))$(call \
_slipway_key,workdir,$(call _slipway_get,$(1),WORKDIR))$(call \
_slipway_items,env,$(call _slipway_get,$(1),ENV))$(call \
_slipway_key,expose,$(call _slipway_get,$(1),EXPOSE))$(call \
_slipway_key,volumes,$(call _slipway_get,$(1),VOLUMES))$(call \
_slipway_key,stopsignal,$(call _slipway_get,$(1),STOPSIGNAL))$(call \
_slipway_key,healthcheck,$(call _slipway_get,$(1),HEALTHCHECK))$(call \
_slipway_items,labels,$(call _slipway_get,$(1),LABELS))$(call \
_slipway_items,annotations,$(call _slipway_get,$(1),ANNOTATIONS))$(call \
_slipway_key,sbom,$(call _slipway_get,$(1),SBOM))$(call \
_slipway_key,compression,$(call _slipway_get,$(1),COMPRESSION))$(call \
_slipway_key,compression-level,$(call _slipway_get,$(1),LEVEL))
[toolchain]
$(call _slipway_key,use,$(call _slipway_toolchain,$(1)))$(call \
_slipway_key,packages,$(call _slipway_get,$(1),PACKAGES))$(call \
_slipway_key,network,$(call _slipway_get,$(1),NETWORK))
[runtime]
$(call _slipway_key,base,$(call _slipway_get,$(1),BASE))$(call \
_slipway_key,packages,$(call _slipway_get,$(1),RUNTIME_PACKAGES))$(call \
_slipway_key,classes,$(call _slipway_get,$(1),CLASSES))$(call \
_slipway_key,dlopen,$(call _slipway_get,$(1),DLOPEN))$(call \
_slipway_key,data,$(call _slipway_get,$(1),DATA))$(call \
_slipway_key,strict,$(call _slipway_yes,$(call _slipway_get,$(1),STRICT)))$(call \
_slipway_key,acknowledge,$(call _slipway_get,$(1),ACKNOWLEDGE))$(call \
_slipway_class_of,$(call _slipway_get,$(1),CLASS_OF))
[build]
$(call _slipway_key,system,$(or $(strip $(call _slipway_get,$(1),SYSTEM)),make))$(call \
_slipway_key,source,$(CURDIR))$(call \
_slipway_key,dir,$(if $(filter tree,$(call _slipway_toolchain,$(1))),$(CURDIR)))$(call \
_slipway_key,prefix,$(call _slipway_get,$(1),PREFIX))$(call \
_slipway_key,components,$(call _slipway_get,$(1),COMPONENTS))$(call \
_slipway_key,build,$(if $(filter tree,$(call _slipway_toolchain,$(1))),,$(call _slipway_their_make,$(call _slipway_get,$(1),BUILD))))$(call \
_slipway_key,install,$(call _slipway_their_make,$(call _slipway_install,$(1))))$(call \
_slipway_items,files,$(call _slipway_get,$(1),FILES))$(call \
_slipway_key,only,$(call _slipway_get,$(1),TARGETS))$(call \
_slipway_key,test,$(call _slipway_yes,$(call _slipway_get,$(1),TEST_GATE)))
$(if $(call _slipway_get,$(1),ARGS),[args]$(_slipway_newline)$(call _slipway_join,$(foreach a,$(call _slipway_get,$(1),ARGS),$(_slipway_mark)$(call _slipway_arg,$(a))))$(_slipway_newline))$(call \
_slipway_stage_sections,$(1))$(if $(call _slipway_tested,$(1)),[test image]$(_slipway_newline)$(call \
_slipway_key,command,$(call _slipway_get,$(1),TEST_COMMAND))$(call \
_slipway_key,expect-output,$(call _slipway_get,$(1),TEST_EXPECT_OUTPUT))$(call \
_slipway_key,expect-exit,$(call _slipway_get,$(1),TEST_EXPECT_EXIT)))
[test links]
link-check = $(if $(filter OFF off no NO 0 false FALSE,$(call _slipway_get,$(1),TEST_LINK_CHECK)),no,yes)$(if $(call _slipway_get,$(1),SIZE_BUDGET),$(_slipway_newline)[budget]$(_slipway_newline)size = $(strip $(call _slipway_get,$(1),SIZE_BUDGET)))
endef
_slipway_tested = $(strip $(call _slipway_get,$(1),TEST_COMMAND)$(call _slipway_get,$(1),TEST_EXPECT_OUTPUT)$(call _slipway_get,$(1),TEST_EXPECT_EXIT))
# IMAGE_STAGES := assets, IMAGE_STAGE_assets_FROM and _STEPS; IMAGE_COPY := assets:/out:/usr/share
define _slipway_stage_sections
$(eval _slipway_count := x)$(call _slipway_join,$(foreach s,$(_slipway_stages),$(_slipway_mark)[stage $(s)]$(_slipway_newline)$(call \
_slipway_key,from,$(call _slipway_value,IMAGE_STAGE_$(s)_FROM))$(call \
_slipway_text,steps,$(call _slipway_value,IMAGE_STAGE_$(s)_STEPS))$(_slipway_newline)))$(call \
_slipway_join,$(foreach c,$(call _slipway_value,IMAGE_COPY),$(_slipway_mark)[copy $(words $(_slipway_count))]$(eval _slipway_count += x)$(_slipway_newline)$(call \
_slipway_key,from,$(word 1,$(subst :, ,$(c))))$(call \
_slipway_key,src,$(word 2,$(subst :, ,$(c))))$(call \
_slipway_key,dst,$(word 3,$(subst :, ,$(c))))$(_slipway_newline)))
endef

# ---- running the helper ---------------------------------------------------------------------

# Under -n, -q and -t nothing may happen, though a line with `+` would run: it is what hands the
# jobserver on. $(file) would write as well, as it acts when the line is expanded.
_slipway_idle = $(strip $(foreach f,n q t,$(findstring $(f),$(filter-out --%,$(firstword -$(MAKEFLAGS))))))
_slipway_plus = $(if $(_slipway_idle),,+)
_slipway_silent = $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
_slipway_v    := $(call _slipway_value,V)
_slipway_at   = $(if $(filter-out 0,$(_slipway_v)),,@)
_slipway_say  = $(if $(filter 0,$(_slipway_v))$(_slipway_silent),:,printf '  %-7s %s\n' '$(1)' '$(2)' >&2)
_slipway_flags = $(if $(filter 0,$(_slipway_v)),--progress quiet) $(SLIPWAY_FLAGS)
_slipway_q = '$(subst ','\'',$(1))'

_slipway_dir    = $(or $(strip $(call _slipway_get,$(1),OUTPUT)),$(SLIPWAY_OUT))
_slipway_bill   = $(call _slipway_dir,$(1))/$(1).$(if $(filter cyclonedx,$(call _slipway_bill_format,$(1))),cdx,spdx).json
_slipway_bill_format = $(or $(strip $(call _slipway_get,$(1),SBOM)),spdx)
_slipway_layout = oci:$(call _slipway_dir,$(1))/$(1).oci
_slipway_input  = $(or $(call _slipway_file,$(1)),$(SLIPWAY_OUT)/$(1).slipway)
_slipway_write  = $(call _slipway_put,$(1),$(1).slipway)
_slipway_put    = $(if $(_slipway_idle)$(call _slipway_file,$(1)),,$(shell mkdir -p $(call _slipway_q,$(SLIPWAY_OUT)))$(file >$(SLIPWAY_OUT)/$(2).new,$(call _slipway_recipe,$(1)))$(shell cd $(call _slipway_q,$(SLIPWAY_OUT)) && { cmp -s $(2).new $(1).slipway && rm $(2).new || mv $(2).new $(2); }))
_slipway_elsewhere = $(if $(filter tree,$(call _slipway_toolchain,$(1))),$(eval _slipway_ejecting := host))$(call _slipway_put,$(1),$(1).elsewhere.slipway)$(eval _slipway_ejecting :=)

_slipway_names = $(addprefix $(call _slipway_name,$(call _slipway_reference,$(1))):,$(or $(strip $(call _slipway_get,$(1),TAGS)),$(call _slipway_tag,$(call _slipway_reference,$(1))),latest))

# What stands beside a RECIPE or DOCKERFILE on the command line.
_slipway_context = $(or $(strip $(call _slipway_get,$(1),CONTEXT)),$(CURDIR))
_slipway_options = $(if $(call _slipway_file,$(1)),--frontend $(if $(call _slipway_get,$(1),RECIPE),recipe,dockerfile)\
  $(addprefix -t ,$(call _slipway_names,$(1)))\
  $(if $(call _slipway_get,$(1),DOCKERFILE),--describe title=$(lastword $(subst /, ,$(call _slipway_name,$(call _slipway_reference,$(1)))))\
    $(addprefix --describe version=,$(firstword $(filter-out latest,$(or $(call _slipway_get,$(1),TAGS),$(call _slipway_tag,$(call _slipway_reference,$(1))))))))\
  $(foreach a,$(call _slipway_get,$(1),STAGE),--target $(a))\
  $(foreach a,$(call _slipway_get,$(1),SBOM),--sbom $(a))\
  $(foreach a,$(call _slipway_get,$(1),SIZE_BUDGET),--size-budget $(a))\
  $(foreach a,$(call _slipway_get,$(1),NETWORK),--network $(a))\
  $(foreach a,$(call _slipway_get,$(1),PLATFORMS),--platform $(a))\
  $(foreach a,$(call _slipway_get,$(1),ARGS),--build-arg $(call _slipway_q,$(a)))\
  $(foreach a,$(call _slipway_get,$(1),LABELS),--label $(call _slipway_q,$(a)))\
  $(foreach a,$(call _slipway_get,$(1),ANNOTATIONS),--annotation $(call _slipway_q,$(a))))
# id=file, as the helper is told.
_slipway_secret = --secret $(call _slipway_q,id=$(firstword $(subst =, ,$(1)))$(_slipway_comma)src=$(patsubst $(firstword $(subst =, ,$(1)))=%,%,$(1)))
# Of the image, or with -debug behind its name, of its debug image.
_slipway_build = $(SLIPWAY) build -f $(call _slipway_q,$(call _slipway_input,$(1)))$(foreach o,$(strip $(call _slipway_options,$(1))), $(o))$(if $(2), --target debug) \
  -o $(call _slipway_q,type=oci$(_slipway_comma)dest=$(call _slipway_dir,$(1))/$(1)$(2).oci$(call _slipway_packing,$(1))) \
  --iidfile $(call _slipway_q,$(call _slipway_dir,$(1))/$(1)$(2).digest) $(strip $(_slipway_flags)$(foreach s,$(call _slipway_get,$(1),SECRETS), $(call _slipway_secret,$(s)))) $(call _slipway_q,$(call _slipway_context,$(1)))
_slipway_comma := ,
_slipway_packing = $(if $(call _slipway_file,$(1)),$(addprefix $(_slipway_comma)compression=,$(strip $(call _slipway_get,$(1),COMPRESSION)))$(addprefix $(_slipway_comma)compression-level=,$(strip $(call _slipway_get,$(1),LEVEL))))

# With `tree` the project is built here, once for all images, by a make of its own: its default goal
# may well be what includes this file, so `image` does nothing down there. Other goals of the command
# line come first, lest two makes build the same files at once.
_slipway_builder  = $(if $(filter undefined,$(origin $(1)_BUILD)),$(if $(filter undefined,$(origin IMAGE_BUILD)),$(MAKE) -f $(_slipway_main),$(IMAGE_BUILD)),$($(1)_BUILD))
_slipway_here     = $(foreach i,$(_slipway_images),$(if $(call _slipway_file,$(i)),,$(if $(filter tree,$(call _slipway_toolchain,$(i))),$(i))))
_slipway_builders = $(sort $(foreach i,$(_slipway_here),$(subst $(_slipway_blank),$(_slipway_mark),$(strip $(call _slipway_builder,$(i))))))
_slipway_quiet    = GNUMAKEFLAGS="$$GNUMAKEFLAGS --no-print-directory$(if $(filter 0,$(_slipway_v)), -s)"
_slipway_others  := $(filter-out image image-% _slipway_%,$(call _slipway_value,MAKECMDGOALS))

.PHONY: image image-clean _slipway_tree $(_slipway_images:%=image-%)
.PHONY: $(foreach v,$(filter-out clean,$(_slipway_verbs)),image-$(v) $(_slipway_images:%=image-$(v)-%))

ifdef SLIPWAY_INSIDE
image $(_slipway_images:%=image-%):
	@:
else
image: $(_slipway_images:%=image-%)

_slipway_tree: | $(_slipway_others)
	$(_slipway_plus)$(_slipway_at)$(if $(_slipway_builders),export SLIPWAY_INSIDE=1 $(_slipway_quiet)$(foreach b,$(_slipway_builders), && $(subst $(_slipway_mark),$(_slipway_blank),$(b))),:)

# $(call _slipway_rules,image)
define _slipway_rules
image-$(1): _slipway_tree
	$$(_slipway_plus)$$(_slipway_at)$$(call _slipway_write,$(1))$$(call _slipway_say,IMAGE,$$(call _slipway_reference,$(1))); mkdir -p $$(call _slipway_q,$$(call _slipway_dir,$(1))) && $$(call _slipway_build,$(1),)

image-debug-$(1): $(if $(call _slipway_debugged,$(1)),image-$(1))
	$$(_slipway_plus)$$(_slipway_at)$$(if $$(call _slipway_debugged,$(1)),,$$(error slipway.mk: image '$(1)' has no debug image; set DEBUG_IMAGE := yes))$$(call _slipway_say,DEBUG,$$(call _slipway_reference,$(1))); $$(call _slipway_build,$(1),-debug)
image-tar-$(1): image-$(1)
	$$(_slipway_at)$$(call _slipway_say,TAR,$$(call _slipway_dir,$(1))/$(1).tar); $$(SLIPWAY) export $$(call _slipway_layout,$(1)) -o type=docker,dest=$$(call _slipway_dir,$(1))/$(1).tar
image-load-$(1): image-$(1)
	$$(_slipway_at)$$(call _slipway_say,LOAD,$$(call _slipway_reference,$(1))); $$(SLIPWAY) load $$(call _slipway_layout,$(1))
image-run-$(1): image-$(1)
	$$(_slipway_at)$$(SLIPWAY) run $$(call _slipway_layout,$(1))
image-shell-$(1): image-$(1)
	$$(_slipway_at)$$(SLIPWAY) shell $$(call _slipway_layout,$(1))
image-explain-$(1): image-$(1)
	$$(_slipway_at)$$(SLIPWAY) explain $$(call _slipway_layout,$(1))
image-sbom-$(1): image-$(1)
	$$(_slipway_at)$$(call _slipway_say,SBOM,$$(call _slipway_bill,$(1))); $$(SLIPWAY) sbom $$(call _slipway_layout,$(1)) --format $$(call _slipway_bill_format,$(1)) -o $$(call _slipway_q,$$(call _slipway_bill,$(1)))
image-report-$(1): image-$(1)
	$$(_slipway_at)$$(call _slipway_say,REPORT,$$(call _slipway_dir,$(1))/$(1).report.html); $$(SLIPWAY) report $$(call _slipway_layout,$(1)) -o $$(call _slipway_q,$$(call _slipway_dir,$(1))/$(1).report.html)
image-graph-$(1):
	$$(_slipway_at)$$(call _slipway_write,$(1))$$(SLIPWAY) graph -f $$(call _slipway_q,$$(call _slipway_input,$(1))) $$(call _slipway_q,$$(call _slipway_context,$(1)))
image-eject-$(1):
	$$(_slipway_at)$$(call _slipway_elsewhere,$(1))mkdir -p $$(call _slipway_q,$$(call _slipway_dir,$(1))) && $$(SLIPWAY) generate -f $$(call _slipway_q,$$(or $$(call _slipway_file,$(1)),$$(SLIPWAY_OUT)/$(1).elsewhere.slipway)) $$(addprefix --dialect ,$$(SLIPWAY_DIALECT)) -o $$(call _slipway_q,$$(call _slipway_dir,$(1))/$(1).Dockerfile)
image-test-$(1): image-$(1)
	$$(_slipway_at)$$(call _slipway_say,TEST,$$(call _slipway_reference,$(1))); $$(SLIPWAY) test -f $$(call _slipway_q,$$(call _slipway_input,$(1))) $$(call _slipway_layout,$(1))
image-push-$(1): image-$(1)
	$$(_slipway_at)$$(call _slipway_say,PUSH,$$(call _slipway_reference,$(1))); $$(SLIPWAY) push $$(strip $$(if $$(filter 0,$$(_slipway_v)),-q) $$(call _slipway_layout,$(1)) $$(call _slipway_names,$(1)))
endef
$(foreach i,$(_slipway_images),$(eval $(call _slipway_rules,$(i))))

$(foreach v,tar load push explain graph report sbom eject test,$(eval image-$(v): $(_slipway_images:%=image-$(v)-%)))
# Of those that have one; of any, to say that none has.
image-debug: $(addprefix image-debug-,$(or $(foreach i,$(_slipway_images),$(if $(call _slipway_debugged,$(i)),$(i))),$(firstword $(_slipway_images))))
ifeq ($(word 2,$(_slipway_images)),)
image-run: image-run-$(_slipway_images)
image-shell: image-shell-$(_slipway_images)
else
image-run image-shell:
	@echo "slipway: which one? Say $(_slipway_images:%=$@-%)" >&2; exit 2
endif

image-clean:
	$(_slipway_at)rm -rf $(foreach i,$(_slipway_images),$(foreach s,.oci .digest .tar .report.html .spdx.json .cdx.json .Dockerfile -debug.oci -debug.digest,$(call _slipway_q,$(call _slipway_dir,$(i))/$(i)$(s))) $(call _slipway_q,$(SLIPWAY_OUT)/$(i).slipway) $(call _slipway_q,$(SLIPWAY_OUT)/$(i).elsewhere.slipway))
endif

.DEFAULT_GOAL := $(_slipway_goal)
endif

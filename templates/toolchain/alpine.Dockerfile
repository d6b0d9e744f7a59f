# alpine.Dockerfile - any base that has apk.
#
# Parameters:
#   stage     name of the stage that begins here; empty: only install packages
#   base      what it stands on
#   packages  list of packages to install

#? stage
#@ base
FROM @base|alpine:3@ AS @stage@

#? packages
RUN apk add --no-cache @packages@

# debug.Dockerfile - the runtime stage as it is, and one layer with the debug information of what the
# project installed into it.
#
# Parameters:
#   installed   given when a builder stage installed something
#   classes     list of classes of files to take
#   only        list of base names to take
#   class-of    list of CLASS=GLOB
#   destdir     where the install step put its files

FROM runtime AS debug

#? installed
COPY --from=build --installed=@classes|runtime@ --debug-files --destdir=@destdir@ --only=@only@ --class-of=@class-of@ / /

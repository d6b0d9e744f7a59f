# scratch.Dockerfile - nothing but the installed files and what they need to run.
#
# Parameters:
#   installed   given when a builder stage installed something
#   classes     list of classes of files to take
#   closure     given to add the shared libraries that they need
#   strip       given to leave symbols out
#   only        list of base names to take
#   dlopen      list of libraries to add
#   data        list of data to add
#   class-of    list of CLASS=GLOB
#   strict      given to make hints errors
#   acknowledge list of hints that are known
#   sysroot     list of directories that a cross compiler takes for the root
#   entrypoint  program that must be there
#   destdir     where the install step put its files

FROM scratch AS runtime

#? installed
#? closure --closure
#? strip --strip
#? strict --strict
COPY --from=build --installed=@classes|runtime@ --closure --strip --strict --runtime-files --destdir=@destdir@ --only=@only@ --dlopen=@dlopen@ --data=@data@ --class-of=@class-of@ --acknowledge=@acknowledge@ --sysroot=@sysroot@ --entrypoint=@entrypoint@ / /

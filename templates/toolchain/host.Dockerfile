# host.Dockerfile - the programs of this machine, read-only, in a sandbox of their own. Packages are
# checked to be installed before the build starts, never installed.
#
# Parameters:
#   stage     name of the stage that begins here

#? stage
FROM host AS @stage@

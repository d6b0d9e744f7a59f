# tree.Dockerfile - the build tree that is there already, in a sandbox over this machine's own root:
# nothing is compiled again, the project is only installed.
#
# Parameters:
#   stage     name of the stage that begins here

#? stage
FROM host AS @stage@

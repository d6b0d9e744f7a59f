# fedora.Dockerfile - any base that has dnf.
#
# Parameters:
#   stage     name of the stage that begins here; empty: only install packages
#   base      what it stands on
#   packages  list of packages to install

#? stage
#@ base
FROM @base|fedora:latest@ AS @stage@

#? packages
RUN dnf install -y --setopt=install_weak_deps=False @packages@ && dnf clean all

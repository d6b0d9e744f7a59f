# debian.Dockerfile - any base that has apt: Debian, Ubuntu and what descends from them.
#
# Parameters:
#   stage     name of the stage that begins here; empty: only install packages
#   base      what it stands on
#   packages  list of packages to install

#? stage
#@ base
FROM @base|debian:12@ AS @stage@

#? packages
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends @packages@ && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log /var/log/alternatives.log

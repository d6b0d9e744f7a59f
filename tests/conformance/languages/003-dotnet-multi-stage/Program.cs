# A shell script: what the stand-in for dotnet publishes.
echo "hello from $0 ($configuration), user $(id -u), arguments: $*"

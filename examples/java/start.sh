#!/bin/sh
# Starts the server as the start scripts of many Java products do: the shell stays and waits.
java -Xmx64m Server.java "$1"
status=$?
echo "java ended with status $status"
exit $status

# Functions that the scripts here share. Keep to bash 3.2 and POSIX tools: macOS and Git for Windows have no more.

require_sdk() {
  if ! command -v dotnet >/dev/null; then
    echo "The .NET SDK 10.0 is needed, and there is no dotnet on the PATH. See https://dotnet.microsoft.com/download." >&2
    return 1
  fi
  sdks=$(dotnet --list-sdks)
  case "
$sdks" in
    *"
10."*) ;;
    *)
      echo "The .NET SDK 10.0 is needed. Installed: ${sdks:-none}. See https://dotnet.microsoft.com/download." >&2
      return 1
      ;;
  esac
}

# fenced_blocks LANGUAGE FILE: the contents of every block of that language, in order, without the fences.
fenced_blocks() {
  awk -v fence="\`\`\`$1" '
    { sub(/[ \t\r]+$/, "") }
    inside && /^```/ { inside = 0; next }
    inside           { print; next }
    $0 == fence      { inside = 1 }
  ' "$2"
}

# commands PREFIX FILE: the lines of the file's sh blocks that start with the prefix, continuation lines joined, comments dropped.
commands() {
  fenced_blocks sh "$2" | awk -v prefix="$1" '
    /\\$/ { sub(/\\$/, ""); line = line $0; next }
    {
      line = line $0
      sub(/[ \t]+#.*$/, "", line)
      if (index(line, prefix) == 1) print line
      line = ""
    }
  '
}

# count_tests passed|failed FOLDER: the sum of that attribute over the counters of every .trx file in the folder.
count_tests() {
  total=0
  for count in $(cat "$2"/*.trx 2>/dev/null | grep -o '<Counters [^>]*' | sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p"); do
    total=$((total + count))
  done
  echo "$total"
}

#!/usr/bin/env bash
# Builds a llama.cpp server and two models of a few hundred kilobytes in a folder of its own, unless they are there. Needs
# g++, git, npm, and python3 with numpy. The sources and libraries are those of a package; only the server is compiled.
set -euo pipefail
# Nothing but the folder is the answer.
exec 3>&1 1>&2
here=$(cd "$(dirname "$0")" && pwd)
folder=${LLAMA_FOLDER:-${TMPDIR:-/tmp}/effixir-llama}
version=3.21.1
mkdir -p "$folder"
cd "$folder"
if [ ! -x llama-server ]; then
  [ -f package.json ] || npm init -y > /dev/null
  npm install --silent --no-audit --no-fund -E "node-llama-cpp@$version"
  libraries=$PWD/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64
  [ -d llama.cpp ] || git clone -q node_modules/node-llama-cpp/llama/gitRelease.bundle llama.cpp
  cd llama.cpp
  mkdir -p built
  # The web pages of the server are left out.
  g++ -O1 -std=c++17 -o built/embed tools/ui/embed.cpp
  (cd built && ./embed ui.cpp ui.h)
  flags=(-O1 -std=c++17 -w -DNDEBUG -DLLAMA_SHARED -DGGML_SHARED -DGGML_BACKEND_SHARED
    -DCPPHTTPLIB_FORM_URL_ENCODED_PAYLOAD_MAX_LENGTH=1048576 -DCPPHTTPLIB_LISTEN_BACKLOG=512
    -Iinclude -Iggml/include -Icommon -Ivendor -Itools/mtmd -Itools/server -Ibuilt -I. -Isrc)
  compile() { [ -f "$2" ] || { g++ "${flags[@]}" -c "$1" -o "$2.part" && mv "$2.part" "$2"; }; }
  export -f compile
  for source in tools/server/*.cpp vendor/cpp-httplib/httplib.cpp built/ui.cpp; do
    compile "$source" "built/$(basename "$source" .cpp).o"
  done
  # The models of this test see no pictures: what would read them does nothing.
  {
    echo 'const char* mtmd_default_marker(void){return "<__media__>";}'
    echo 'const char* mtmd_get_marker(void*c){return "<__media__>";}'
    nm -u built/*.o | grep -oE '\bmtmd_[a-z_0-9]+$' | sort -u |
      grep -vE '^mtmd_(default_marker|get_marker)$' | sed 's/.*/void* &(void){return 0;}/'
  } > built/none.c
  gcc -c built/none.c -o built/none.o
  printf '%s\n' '#include "mtmd.h"' '#include <map>' \
    'std::map<ggml_backend_dev_t, size_t> mtmd_get_memory_usage(const char *, struct mtmd_context_params) { return {}; }' \
    > built/memory.cpp
  g++ "${flags[@]}" -c built/memory.cpp -o built/memory.o
  g++ -o ../llama-server built/*.o -L"$libraries" -l:libllama-common.so -l:libllama.v0.4.0.so -l:libggml.v0.4.0.so \
    -l:libggml-base.so "-Wl,-rpath,$libraries" -lpthread -ldl
  cd ..
fi
[ -f plain.gguf ] || python3 "$here/model.py" llama.cpp plain.gguf
[ -f thinking.gguf ] || python3 "$here/model.py" llama.cpp thinking.gguf
echo "$folder" >&3

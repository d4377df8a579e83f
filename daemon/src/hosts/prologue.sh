LC_ALL=C; export LC_ALL; umask 077; exec 2>/dev/null
t=; trap '[ -z "$t" ] || rm -rf "$t"' 0; trap 'exit 1' 1 2 13 15
e() { printf '\n%s %s\n' 'MARK' "$1"; }
cd "${HOME:-/nonexistent}" || { e home; exit 1; }
if stat -c %i . >/dev/null; then g=-c; f='%i %s %Y %n'; elif stat -f %i . >/dev/null; then g=-f; f='%i %z %m %N'; else e stat; exit 1; fi
e begin
printf 'home %s\n' "$HOME"; printf 'system %s\n' "$(uname -s)"; date '+now %s'
e ready
L() { if [ -d "$1" ]; then if find -H "$1" $2 -type d \( -name node_modules -o -name .git -o -name Cache -o -name CachedData -o -name GPUCache \) -prune -o -type f -exec stat $g "$f" {} + </dev/null; then e whole; else e part; fi; else e absent; fi; }
S() { for p in "$@"; do if [ -f "$p" ] && [ ! -L "$p" ]; then stat $g "$f" "$p"; fi; done; e ok; }
R() { if [ -f "$1" ] && [ ! -L "$1" ]; then tail -c "+$2" <"$1" | head -c "$3"; e ok; else e gone; fi; }
C() { if [ -f "$1" ] && [ ! -L "$1" ]; then cksum <"$1"; e ok; else e gone; fi; }
D() { b=$1; if [ ! -f "$1" ] || [ -L "$1" ]; then e gone; elif [ "$(head -c 15 <"$1")" != 'SQLite format 3' ]; then e plain; else o=copy; if command -v sqlite3 >/dev/null && t=$(mktemp -d "${TMPDIR:-/tmp}/opensession.XXXXXX"); then if (cd "$t" && sqlite3 -readonly "$HOME/$1" '.timeout 5000' '.backup copy' </dev/null >/dev/null) && [ -s "$t/copy" ]; then b=$t/copy; o=backup; fi; fi; wc -c <"$b"; e $o; fi; }
K() { i=0; while [ $i -lt $1 ]; do dd if="$b" bs=1048576 skip=$i count=1 2>/dev/null | cksum; i=$((i+1)); done; e ok; }
B() { dd if="$b" bs=1048576 skip="$1" count=1 2>/dev/null; e ok; }
F() { [ -z "$t" ] || rm -rf "$t"; t=; e ok; }

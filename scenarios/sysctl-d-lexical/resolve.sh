# Makes a tree with these files, and says who would set
# kernel.perf_event_paranoid on a host that had them. Nothing is set here.
#
#   sh resolve.sh etc/sysctl.conf=1 etc/sysctl.d/99-sysctl.conf@../sysctl.conf
#
# FILE=LEVEL is a file that sets the level, LINK@TARGET a symbolic link.
scratch=$(mktemp -d) || exit
trap 'rm -r "$scratch"' EXIT
tree=$scratch/tree
for one; do
    file=$tree/${one%%[=@]*}
    mkdir -p "${file%/*}"
    case $one in
    *=*) echo "kernel.perf_event_paranoid = ${one#*=}" >"$file" ;;
    *@*) ln -s "${one#*@}" "$file" ;;
    esac
done

# By the rules of the manual pages: duress, which started this, knows them.
"/proc/$PPID/exe" doctor --root "$tree" | sed -n 's/.*kernel\.perf_event_paranoid: /by the rules: /p'

# By systemd itself, which prints its files in the order in which it would apply them: the last one that sets the level wins.
# (procps can only be asked by letting it set everything.)
systemd-analyze --no-pager cat-config --root="$tree" sysctl.d >"$scratch/order" || exit
sed -n "s|^# $tree|systemd reads |p" "$scratch/order"
level=$(sed -n 's/^kernel\.perf_event_paranoid = //p' "$scratch/order" | tail -n 1)
echo "systemd_level=${level:-none}"

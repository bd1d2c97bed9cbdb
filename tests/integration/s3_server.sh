#!/usr/bin/env bash
# A throw-away S3 server with Object Lock: the Ceph Object Gateway, on loopback, for the tests.
#
# usage: s3_server.sh start | stop | kill9 | kill9all | status | env | wipe
#
#   start      bring up whatever is not running and print the environment that reaches it
#   stop       end the daemons and keep the data
#   kill9      kill the two gateways, as a crash would
#   kill9all   kill the gateways and the daemons that hold the data
#   status     say which daemons run; fails if one does not
#   env        print the environment that reaches the server
#   wipe       stop and remove the data
#
# It needs Linux on x86_64 and apt-get; neither root nor a container. The programs are Debian
# packages of a newer suite, which this machine's own mirror provides. They are unpacked into a
# cache and run with the loader and the libraries that came with them, so nothing is installed.
# The exit status is 3 if the programs cannot be had here, 1 for every other failure.
#
#   BWC_S3_DIR          data, logs and process ids           /tmp/bwcstore-s3
#   BWC_S3_PORT         P: requests in parallel; P+1: one    9300
#                       request at a time; P+2: internal
#   BWC_S3_CACHE        the unpacked programs, 570 MB        ~/.cache/bwcstore-s3
#   BWC_S3_DISK_BYTES   size of the sparse data file         12 GiB
#   BWC_S3_MIRROR       a Debian mirror                      the first that apt knows
set -euo pipefail

dir=${BWC_S3_DIR:-/tmp/bwcstore-s3}
port=${BWC_S3_PORT:-9300}
cache=${BWC_S3_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bwcstore-s3}
disk_bytes=${BWC_S3_DISK_BYTES:-$((12 << 30))}
suite=forky
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
key_id=bwcstore-tests
secret=only-for-tests-on-loopback

serial_port=$((port + 1))
monitor_port=$((port + 2))
programs=$cache/root-$suite
libraries=$programs/usr/lib/x86_64-linux-gnu
conf=$dir/ceph.conf
# The loader of this machine is older than the programs.
loader=("$libraries/ld-linux-x86-64.so.2" --library-path "$libraries:$libraries/ceph" --argv0)

fail() {
    echo "s3_server: $*" >&2
    exit 1
}

unavailable() {
    echo "s3_server: $*" >&2
    exit 3
}

# --- Programs ------------------------------------------------------------------------------------

mirror() {
    local found
    # shellcheck disable=SC2016  # apt, not the shell, fills in the placeholder
    found=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        grep -m 1 -E '/debian/?$' || true)
    echo "${BWC_S3_MIRROR:-${found:-http://deb.debian.org/debian}}"
}

download() {
    local work=$1 package
    mkdir -p "$work/lists/partial" "$work/packages/archives/partial" "$work/root"
    printf 'deb [signed-by=%s] %s %s main\n' \
        "$keyring" "$(mirror)" "$suite" >"$work/sources.list"
    # An apt of its own: it has the machine's settings of the network, and none of its state.
    local apt=(
        apt-get -qq
        -o "Dir::Etc::SourceList=$work/sources.list"
        -o Dir::Etc::SourceParts=/dev/null
        -o Dir::Etc::PreferencesParts=/dev/null
        -o "Dir::State::Lists=$work/lists"
        -o Dir::State::status=/dev/null
        -o "Dir::Cache=$work/packages"
        -o APT::Sandbox::User=
        -o APT::Architecture=amd64
        -o Acquire::Retries=3
        -o Debug::NoLocking=1
    )
    {
        "${apt[@]}" update --error-on=any &&
            "${apt[@]}" install --yes --download-only --no-install-recommends \
                ceph-mon ceph-osd radosgw
    } >"$work/apt.log" 2>&1 || {
        tail -n 20 "$work/apt.log" >&2
        return 1
    }
    for package in "$work"/packages/archives/*.deb; do
        dpkg-deb --extract "$package" "$work/root" || return 1
    done
}

provide_programs() {
    [[ -e $programs/.ok ]] && return
    [[ $(uname -sm) == "Linux x86_64" ]] || unavailable "the server needs Linux on x86_64"
    local needed
    for needed in /usr/bin/apt-get /usr/bin/dpkg-deb "$keyring"; do
        [[ -e $needed ]] || unavailable "the server comes from Debian, and there is no $needed"
    done
    mkdir -p "$cache"
    (
        flock 9
        [[ -e $programs/.ok ]] && exit
        work=$(mktemp -d "$cache/download.XXXXXX")
        trap 'rm -rf "$work"' EXIT
        download "$work" || unavailable "the server could not be downloaded"
        touch "$work/root/.ok"
        rm -rf "$programs"
        mv "$work/root" "$programs"
    ) 9>"$cache/lock"
}

ceph_tool() {
    timeout 120 "${loader[@]}" "$1" "$programs/usr/bin/$1" -c "$conf" "${@:2}"
}

ceph() {
    local interpreter
    interpreter=$(compgen -G "$programs/usr/bin/python3.[0-9][0-9]")
    PYTHONHOME=$programs/usr PYTHONPATH=$programs/usr/lib/python3/dist-packages \
        PYTHONDONTWRITEBYTECODE=1 timeout 120 "${loader[@]}" "$interpreter" "$interpreter" \
        "$programs/usr/bin/ceph" -c "$conf" "$@"
}

# --- Processes -----------------------------------------------------------------------------------

# A process id alone may by now belong to another program; with its start time it cannot.
born() {
    local stat fields
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[0]} != Z ]] && echo "${fields[19]}"
}

pid_of() {
    local pid since
    read -r pid since 2>/dev/null <"$dir/$1.pid" || return 1
    [[ -n $since && $(born "$pid") == "$since" ]] && echo "$pid"
}

launch() {
    local name=$1 program=$2
    pid_of "$name" >/dev/null && return
    setsid "${loader[@]}" "$program" "$programs/usr/bin/$program" -c "$conf" "${@:3}" \
        --foreground >"$dir/log/$name.out" 2>&1 </dev/null &
    echo "$! $(born $!)" >"$dir/$name.pid"
}

end() {
    local signal=$1 name=$2 pid tenths
    if pid=$(pid_of "$name"); then
        kill "-$signal" "$pid" 2>/dev/null || true
        for ((tenths = 0; tenths < 100; tenths++)); do
            pid_of "$name" >/dev/null || break
            sleep 0.1
        done
        pid_of "$name" >/dev/null && kill -KILL "$pid" 2>/dev/null
    fi
    rm -f "$dir/$name.pid"
}

answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

await() {
    local name=$1 tenths
    shift
    for ((tenths = 0; tenths < 600; tenths++)); do
        "$@" >/dev/null 2>&1 && return
        pid_of "$name" >/dev/null || break
        sleep 0.1
    done
    tail -n 15 "$dir/log/$name.out" >&2
    fail "$name does not answer; its log is in $dir/log"
}

# --- The cluster ---------------------------------------------------------------------------------

new_id() { cat /proc/sys/kernel/random/uuid; }

configure() {
    cat >"$conf" <<END
[global]
fsid = $(new_id)
mon_initial_members = a
mon_host = v2:127.0.0.1:$monitor_port
# Loopback only, without tickets or encryption between the daemons.
public_addr = 127.0.0.1
public_network = 127.0.0.0/8
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
ms_bind_msgr1 = false
ms_mon_client_mode = crc
ms_mon_cluster_mode = crc
ms_mon_service_mode = crc
auth_client_required = none
auth_cluster_required = none
auth_service_required = none
# Everything that is written goes below one folder; the path of a socket would be too long.
admin_socket =
crash_dir = $dir/run
run_dir = $dir/run
log_file = $dir/log/\$name.log
# Modules come from the cache.
erasure_code_dir = $libraries/ceph/erasure-code
osd_class_dir = $libraries/rados-classes
plugin_dir = $libraries/ceph
# One copy on one disk.
osd_crush_chooseleaf_type = 0
osd_pool_default_min_size = 1
osd_pool_default_size = 1
osd_pool_default_pg_autoscale_mode = off
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
objecter_tick_interval = 0.2

[mon]
mon_data = $dir/mon
mon_allow_pool_size_one = true
mon_cluster_log_to_file = false
# A full disk of the machine is no reason to refuse.
mon_data_avail_crit = 0
mon_data_avail_warn = 1
# Nobody else has to agree.
paxos_min_wait = 0.01
paxos_propose_interval = 0.05

[osd]
osd_data = $dir/osd
osd_objectstore = bluestore
bluestore_block_create = true
bluestore_block_size = $disk_bytes
osd_class_default_list = *
osd_class_load_list = *
osd_memory_target = $((896 << 20))

[client]
rgw_enable_apis = s3, admin
rgw_crypt_require_ssl = false
rgw_thread_pool_size = 64
rgw_gc_obj_min_wait = 60
rgw_gc_processor_period = 60
debug_rgw = 0/0

[client.parallel]
rgw_frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1

[client.serial]
rgw_frontends = beast endpoint=127.0.0.1:$serial_port tcp_nodelay=1
rgw_max_concurrent_requests = 1
# With more threads, two requests sometimes pass that limit at once.
rgw_thread_pool_size = 1
rgw_scheduler_type = dmclock
END
}

make_monitor() {
    local fsid
    fsid=$(sed -n 's/^fsid = //p' "$conf")
    rm -rf "$dir/mon" &&
        mkdir "$dir/mon" &&
        ceph_tool monmaptool --create --clobber --fsid "$fsid" \
            --addv a "[v2:127.0.0.1:$monitor_port]" "$dir/monmap" &&
        ceph_tool ceph-mon -i a --mkfs --monmap "$dir/monmap"
}

make_disk() {
    local id
    id=$(new_id)
    rm -rf "$dir/osd" &&
        mkdir "$dir/osd" &&
        ceph osd new "$id" &&
        ceph_tool ceph-osd -i 0 --mkfs --osd-uuid "$id"
}

make_user() {
    ceph_tool radosgw-admin -n client.parallel user create \
        --uid=tests --display-name=tests --access-key="$key_id" --secret-key="$secret" \
        --caps="users=*" --max-buckets=1000000
}

# once NAME COMMAND...: a step in making the cluster, done again until it was finished.
once() {
    local name=$1
    shift
    [[ -e $dir/made/$name ]] && return
    "$@" >"$dir/log/make-$name.out" 2>&1 || {
        tail -n 15 "$dir/log/make-$name.out" >&2
        fail "making the $name failed"
    }
    touch "$dir/made/$name"
}

# --- Verbs ---------------------------------------------------------------------------------------

start() {
    local name
    provide_programs
    mkdir -p "$dir"/{log,made,run}
    for name in monitor:$monitor_port parallel:$port serial:$serial_port; do
        if ! pid_of "${name%:*}" >/dev/null && answers "${name#*:}"; then
            fail "port ${name#*:} is in use by another program"
        fi
    done
    once configuration configure
    grep -q "endpoint=127.0.0.1:$port " "$conf" || fail "$dir was made for another port"
    once monitor make_monitor
    launch monitor ceph-mon -i a
    await monitor answers "$monitor_port"
    once disk make_disk
    launch disk ceph-osd -i 0
    once user make_user
    # On a bucket with versions this gateway looks for the name before it writes, not while: two
    # racing writers with If-None-Match may both succeed. The other, which takes one request at a
    # time, lets exactly one succeed. A store has to be right on both.
    launch parallel radosgw -n client.parallel
    launch serial radosgw -n client.serial
    await parallel answers "$port"
    await serial answers "$serial_port"
    environment
}

kill_gateways() {
    end KILL parallel
    end KILL serial
}

stop() {
    # A gateway keeps nothing that it could lose, and is slow to leave when it is asked.
    kill_gateways
    end TERM disk
    end TERM monitor
}

kill_all() {
    kill_gateways
    end KILL disk
    end KILL monitor
}

status() {
    local name pid code=0
    for name in monitor disk parallel serial; do
        if pid=$(pid_of "$name"); then
            echo "$name: running, process $pid"
        else
            echo "$name: not running"
            code=1
        fi
    done
    return $code
}

environment() {
    cat <<END
BWC_S3_ENDPOINT=http://127.0.0.1:$port
BWC_S3_ENDPOINT_SERIAL=http://127.0.0.1:$serial_port
AWS_ACCESS_KEY_ID=$key_id
AWS_SECRET_ACCESS_KEY=$secret
AWS_DEFAULT_REGION=us-east-1
END
}

wipe() {
    [[ ! -e $dir ]] && return
    [[ -e $dir/made || -z $(ls -A "$dir") ]] || fail "$dir is not the folder of a server"
    stop
    rm -rf "$dir"
}

case ${1:-} in
    start) start ;;
    stop) stop ;;
    kill9) kill_gateways ;;
    kill9all) kill_all ;;
    status) status ;;
    env) environment ;;
    wipe) wipe ;;
    *)
        sed -n '4,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
        exit 2
        ;;
esac

# Packages of Debian's unstable suite, for the lab, without a change to this machine:
# an apt configuration of its own, from the server that the machine already uses.
#
# usage: . sid.sh; sid_begin DIR ARCHITECTURE; sid_fetch PACKAGE...; then DIR/apt/cache/archives/*.deb
#
# SPDX-License-Identifier: GPL-2.0-or-later

sid_begin() {
    local dir=$1 architecture=$2 uri
    mkdir -p "$dir"/apt/{lists/partial,cache/archives/partial,etc}
    : > "$dir/apt/status"       # nothing is installed: every library that is needed gets fetched
    uri=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -n 1)
    [ -n "$uri" ] || uri=$(awk '$1 == "deb" {sub(/\[[^]]*\] */, ""); print $2; exit}' /etc/apt/sources.list)
    echo "deb [arch=$architecture signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri sid main" > "$dir/apt/etc/sources.list"
    sid_apt=(apt-get -q -y -o "APT::Architecture=$architecture" -o "APT::Architectures::=$architecture" -o "Dir::State::status=$dir/apt/status"
             -o "Dir::Etc::sourcelist=$dir/apt/etc/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$dir/apt/lists"
             -o "Dir::Cache=$dir/apt/cache" -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root)
    "${sid_apt[@]}" update >/dev/null
}

# With everything they depend on.
sid_fetch() { "${sid_apt[@]}" install --download-only --no-install-recommends "$@" >/dev/null; }

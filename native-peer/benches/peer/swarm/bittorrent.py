"""One BitTorrent peer of libtorrent's, for comparison: it is told what to do on its input and says what it did.

    bittorrent.py make FILE TORRENT TRACKER
    bittorrent.py peer TORRENT FOLDER PORT [PEER_PORT ...]

A peer prints `ready` once it has checked what it has; at each line on its input it does one thing:
`go` connects it to the others and prints `done` when it has everything; `sent` prints the payload bytes it has sent.
It ends with its input.
"""

import os
import sys
import time

import libtorrent as lt

ONLY_LOOPBACK = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True,
    "in_enc_policy": 2,
    "out_enc_policy": 2,
    "unchoke_slots_limit": 16,
}


def make(file, torrent, tracker):
    storage = lt.file_storage()
    lt.add_files(storage, file)
    made = lt.create_torrent(storage, 0, lt.create_torrent.v1_only)
    if tracker:
        made.add_tracker(tracker)
    lt.set_piece_hashes(made, os.path.dirname(os.path.abspath(file)))
    with open(torrent, "wb") as out:
        out.write(lt.bencode(made.generate()))


def say(*words):
    print(*words, flush=True)


def peer(torrent, folder, port, others):
    session = lt.session({"listen_interfaces": f"127.0.0.1:{port}", **ONLY_LOOPBACK})
    parameters = lt.add_torrent_params()
    parameters.ti = lt.torrent_info(torrent)
    parameters.save_path = folder
    parameters.flags &= ~(lt.torrent_flags.paused | lt.torrent_flags.auto_managed)
    handle = session.add_torrent(parameters)
    checking = (lt.torrent_status.checking_files, lt.torrent_status.checking_resume_data)
    while handle.status().state in checking:
        time.sleep(0.005)
    say("ready")
    for line in sys.stdin:
        if line == "go\n":
            for other in others:
                handle.connect_peer(("127.0.0.1", other))
            while not handle.status().is_seeding:
                time.sleep(0.005)
            say("done")
        elif line == "sent\n":
            say(handle.status().total_payload_upload)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "make":
        make(*rest)
    else:
        peer(rest[0], rest[1], rest[2], [int(port) for port in rest[3:]])

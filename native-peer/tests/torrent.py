"""A BitTorrent client that knows nobody: libtorrent, which has only the web seed named in a metainfo file to fetch from.

    torrent.py TORRENT FOLDER

It ends with 0 once it has everything, and has checked it; with 1 when that takes longer than a minute.
"""

import sys
import time

import libtorrent as lt

PATIENCE = 60

session = lt.session(
    {
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "alert_mask": lt.alert.category_t.all_categories,
    }
)
parameters = lt.add_torrent_params()
parameters.ti = lt.torrent_info(sys.argv[1])
parameters.save_path = sys.argv[2]
parameters.flags &= ~(lt.torrent_flags.paused | lt.torrent_flags.auto_managed)
handle = session.add_torrent(parameters)
hybrid = parameters.ti.info_hashes()
if not (hybrid.has_v1() and hybrid.has_v2()):
    sys.exit("this is not for both versions")
end = time.monotonic() + PATIENCE
while time.monotonic() < end:
    if handle.status().is_seeding:
        # What is on disk counts, not what was received.
        handle.force_recheck()
        while not handle.status().is_seeding and time.monotonic() < end:
            time.sleep(0.02)
        sys.exit(not handle.status().is_seeding)
    time.sleep(0.02)
for alert in session.pop_alerts():
    print(alert.message(), file=sys.stderr)
sys.exit(1)

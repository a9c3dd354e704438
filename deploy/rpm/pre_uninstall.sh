# 0: removed, and not replaced by another version.
if [ "$1" = 0 ] && [ -d /run/systemd/system ]; then
    systemctl --no-reload disable --now s3-exporter.service || :
fi

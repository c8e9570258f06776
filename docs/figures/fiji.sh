#!/usr/bin/env bash
# The pictures of docs/fiji.md: `bash docs/figures/fiji.sh BUNDLE IMAGE`, with imagej, xvfb, openbox, x11-apps, imagemagick.
# ImageJ 1.53 with the stand-in for deepImageJ of tests/fiji; the network and its tiles are those of the bundle.
set -euo pipefail
bundle=$(realpath "$1") image=$(realpath "$2") repository=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"; kill $(jobs -p) 2>/dev/null' EXIT
mkdir -p "$work"/Fiji.app/{jars,plugins} "$work/in"
touch "$work/Fiji.app/jars/ij-1.53t.jar" "$work/Fiji.app/plugins/deepimagej-3.1.0.jar"
dfcan-bmz install-fiji "$bundle" --fiji "$work/Fiji.app"
nickname=$(ls "$work/Fiji.app/models")
sed 's/{{keys}}/"model_path","input_path","output_folder","display_output"/' \
  "$repository/tests/fiji/DeepImageJ_Run.ijm" > "$work/Fiji.app/plugins/DeepImageJ_Run.ijm"
cp "$image" "$work/in/"
cat > "$work/user.ijm" <<MACRO
open("$work/in/$(basename "$image")");
run("Enhance Contrast", "saturated=0.3");
run("Set... ", "zoom=200");
setLocation(20, 130);
run("$nickname image");
titles = getList("image.titles");
for (i = 0; i < titles.length; i++) {
    selectImage(titles[i]);
    if (endsWith(titles[i], "_montage")) setLocation(20, 440);
    if (matches(titles[i], ".*_x[0-9]")) { setLocation(300, 130); }
}
MACRO
DFCAN_PYTHON=$(command -v python) DFCAN_STAND_IN=$repository/tests/fiji/stand_in.py
export DFCAN_PYTHON DFCAN_STAND_IN
Xvfb :78 -screen 0 600x760x24 & sleep 1
export DISPLAY=:78
openbox & sleep 1
java -Dplugins.dir="$work/Fiji.app" -cp /usr/share/java/ij.jar ij.ImageJ -port0 -macro "$work/user.ijm" &
sleep "${SECONDS_TO_WAIT:-20}"
xwd -root | convert xwd:- -strip "$repository/docs/images/fiji-screen.png"

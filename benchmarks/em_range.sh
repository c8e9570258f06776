#!/bin/sh
# Sixteen copies of each section, with other blur and noise, as one set of pairs: version 2 of em-x2 trains on them.
#   benchmarks/em_range.sh HR_DIR OUT
set -eu
hr=$1 out=$2 n=0 sets=""
for blur in 0.5 0.8 1.1 1.5; do
  for noise in 0.02 0.04 0.07 0.1; do
    n=$((n + 1))
    sets="$sets $out/copies/$n"
    dfcan-bmz degrade "$hr" --out "$out/copies/$n" --scale 2 --blur $blur --noise $noise --seed $n
  done
done
python "$(dirname "$0")/merge_sets.py" "$out/pairs" --same-fields $sets

#!/bin/sh
# The sets of fluorescence-x2: five structures through three microscopes, merged.
#   benchmarks/specimens/fluorescence.sh OUT TARGET FIELDS SEED
# OUT has lr/ and hr/ then; the microscopes have the seeds SEED + 1, SEED + 2 and SEED + 3.
set -e
out=$1 target=$2 fields=$3 seed=$4
for structure in actin bundles microtubules ccps er; do
  n=0
  for optics in "1.41 525 62.6 1.0" "1.2 630 60 2.0" "1.3 600 80 0.5"; do
    set -- $optics
    n=$((n + 1))
    dfcan-bmz simulate --out "$out-sets/$structure$n" --structure $structure --pairs "$fields" --levels 6 --size 128 \
      --seed $((seed + n)) --na "$1" --emission-nm "$2" --pixel-nm "$3" --haze "$4" --target "$target" --bandwidth 1.8 \
      --dimmest 15 --brightest 3000 --quiet
  done
done
python "$(dirname "$0")/../merge_sets.py" "$out" "$out"-sets/*

// Stands in for deepImageJ 3 in ImageJ: the command's name, keys and files as in its source (DeepImageJ_Run.java,
// executeOnPath: every file of the input folder, results as <short title>_<output tensor>.tif, no calibration). What it
// computes is dfcan_bmz's emulation of deepImageJ's engine with the TorchScript weights of the installed model.
options = call("ij.Macro.getOptions");
keys = newArray({{keys}});
values = newArray(4);
for (i = 0; i < 4; i++) values[i] = valueOf(options, keys[i]);
if (values[3] != "null") exit("display is " + values[3]);
python = call("java.lang.System.getenv", "DFCAN_PYTHON");
script = call("java.lang.System.getenv", "DFCAN_STAND_IN");
told = exec(python, script, values[0], values[1], values[2]);
if (told != "") print(told);

function valueOf(options, key) {
    start = indexOf(options, key + "=");
    if (start < 0) exit(key + " is missing");
    value = substring(options, start + lengthOf(key) + 1);
    if (startsWith(value, "[")) return substring(value, 1, indexOf(value, "] "));
    return substring(value, 0, indexOf(value, " "));
}

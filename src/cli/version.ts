/** The version of the package, which a test keeps like that of its manifests. */
export const VERSION = "0.1.0";

/** What names one partition's rows in `log_positions`, `log_gaps` and `dead_letters`. */
export interface PartitionKey {
  /** `local:<uuid of DATA_DIR/log>` or `kafka:<cluster id>/<topic>`. */
  readonly source: string;
  readonly partition: string;
}

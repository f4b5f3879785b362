CREATE TEMP TABLE {stage} ({columns}){layout}

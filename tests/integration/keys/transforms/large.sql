SELECT id, city, price, 'large' AS size FROM {stage} WHERE price > 10

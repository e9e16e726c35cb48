// Written by tools/teaching/orders.py, which ran every order: these compute what is asked for.
cnnlab.orders = {
  "01-7": {"orders": ["DGFEAB"], "strays": {"C": {"en": "line C begins at the input: from one output back, the last layer comes first", "ko": "C는 입력에서 시작합니다. 출력 한 칸에서 거꾸로 가면 마지막 층이 먼저입니다."}}},
  "02-7": {"orders": ["BDFCE", "DBFCE"], "strays": {"A": {"en": "line A puts the width before the height: old axes 1 and 2 keep their order", "ko": "A는 너비를 높이보다 앞에 둡니다. 옛 축 1과 2의 차례는 지켜야 합니다."}}},
  "03-6": {"orders": ["FCGBEA", "FGCBEA"], "strays": {"D": {"en": "line D leaves out the last place: with lengths of 5 and 3 there are 3 places", "ko": "D는 마지막 자리를 빠뜨립니다. 길이가 5와 3이면 자리는 3곳입니다."}}},
  "04-7": {"orders": ["FCEBA"], "strays": {"D": {"en": "line D puts the odd zero in front, as NumPy does; TensorFlow puts it behind", "ko": "D는 남는 0을 NumPy처럼 앞에 둡니다. TensorFlow는 뒤에 둡니다."}}},
  "05-7": {"orders": ["GEFCAB"], "strays": {"D": {"en": "line D adds the bias at every channel: a filter has one bias", "ko": "D는 채널마다 편향을 더합니다. 편향은 필터마다 한 번입니다."}}},
  "06-7": {"orders": ["DACFB", "DCAFB", "DCFAB"], "strays": {"E": {"en": "line E divides by 4 in every window: the cells that were added do not count", "ko": "E는 어느 창에서나 4로 나눕니다. 덧댄 칸은 세지 않습니다."}}},
  "07-7": {"orders": ["CFDEA", "FCDEA", "FDCEA", "FDECA"], "strays": {"B": {"en": "line B adds one zero at each end: full needs the length of w less 1, here 2", "ko": "B는 양 끝에 0을 한 칸씩 채웁니다. full에는 w의 길이에서 1을 뺀 2칸이 필요합니다."}}},
  "08-6": {"orders": ["DCAGFB"], "strays": {"E": {"en": "line E walks along the gradient: the loss grows", "ko": "E는 기울기 쪽으로 걷습니다. 그러면 손실이 커집니다."}}},
  "09-7": {"orders": ["FCEBDG", "FCGEBD"], "strays": {"A": {"en": "line A compares with the epoch before: what counts is the best so far", "ko": "A는 바로 앞 에포크와 견줍니다. 견줄 것은 지금까지 가장 낮은 손실입니다."}}},
  "10-6": {"orders": ["FDBEA"], "strays": {"C": {"en": "line C divides by the columns, the predictions: a class's images are a row", "ko": "C는 열의 합, 곧 예측의 수로 나눕니다. 한 클래스의 이미지는 한 행에 있습니다."}}},
  "11-6": {"orders": ["FDBGEA", "FDGBEA"], "strays": {"C": {"en": "line C is a second step, without the momentum", "ko": "C는 모멘텀이 없는 걸음을 한 번 더 걷습니다."}}},
  "12-5": {"orders": ["FCABE", "FCAEB"], "strays": {"D": {"en": "line D averages over the places: Grad-CAM keeps them and sums over the maps", "ko": "D는 자리를 평균해 없앱니다. Grad-CAM은 자리를 남기고 맵끼리 더합니다."}}},
  "13-6": {"orders": ["CGDFAE", "CGDFEA"], "strays": {"B": {"en": "line B counts the kernel's numbers once: they work again at every place", "ko": "B는 커널의 수를 한 번만 셉니다. 커널은 자리마다 다시 쓰입니다."}}},
  "14-6": {"orders": ["FDCEAG"], "strays": {"B": {"en": "line B pushes pixels forward: ask where each pixel of the result came from", "ko": "B는 픽셀을 앞으로 보냅니다. 결과의 픽셀마다 어디에서 왔는지 물어야 합니다."}}},
  "15-6": {"orders": ["DFBAE", "DFBEA"], "strays": {"C": {"en": "line C takes the mean and the deviation of the test samples: use those of the training samples", "ko": "C는 시험용의 평균과 표준편차를 씁니다. 학습용에서 구한 것을 써야 합니다."}}},
  "16-6": {"orders": ["FBDCE", "FBDEC"], "strays": {"A": {"en": "line A divides by 255: this base learned from pixels less the mean, not divided", "ko": "A는 255로 나눕니다. 이 몸통은 평균만 빼고 나누지 않은 픽셀로 배웠습니다."}}},
  "17-6": {"orders": ["CBFEA", "CFBEA"], "strays": {"D": {"en": "line D trains on the test images", "ko": "D는 시험용 이미지로 학습합니다."}}},
  "18-6": {"orders": ["FCDEB"], "strays": {"A": {"en": "line A leaves out the last row with ink", "ko": "A는 잉크가 있는 마지막 행을 빠뜨립니다."}}},
  "19-5": {"orders": ["BEDFA"], "strays": {"C": {"en": "line C takes the plain mean: the worker with one sample would count as much as three", "ko": "C는 그냥 평균합니다. 표본 하나를 맡은 작업자가 셋을 맡은 쪽과 같은 무게가 됩니다."}}}
};
